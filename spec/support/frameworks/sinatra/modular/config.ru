# frozen_string_literal: true

require "sinatra/base"

# Modular style: settings, helpers, filters, conditions, error handlers, inheritance.
class BaseApp < Sinatra::Base
  set :greeting, "Hello"

  helpers do
    def bar(name) = "#{name}bar"
  end

  before { @note = "Hi!" }
  after { headers "x-note" => @note }
end

# The app.
class MyApp < BaseApp
  get("/") { "#{settings.greeting} from #{self.class}" }

  get("/pages/:name") { bar(params["name"]) }

  get("/data", provides: :json) { '{"a":1}' }

  get("/missing") { raise Sinatra::NotFound }

  error(ArgumentError) do
    status 400
    "wrong: #{env["sinatra.error"].message}"
  end
  set :show_exceptions, :after_handler

  get("/wrong") { raise ArgumentError, "no" }
end

run MyApp
