# frozen_string_literal: true

require "sinatra/base"

# Templates: files with a layout, locals, and an inline template.
class ViewsApp < Sinatra::Base
  set :root, __dir__

  template(:inline) { "inline <%= 1 + 1 %>" }

  get("/") do
    @title = "Index"
    erb :index, locals: { names: %w[Frank Nancy] }
  end

  get("/inline") { erb :inline, layout: false }

  get("/text") { erb "text <%= params['q'] %>", layout: false }
end

run ViewsApp
