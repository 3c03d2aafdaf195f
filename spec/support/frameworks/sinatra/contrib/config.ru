# frozen_string_literal: true

require "sinatra/base"
require "sinatra/cookies"
require "sinatra/json"
require "sinatra/namespace"

# The most used parts of sinatra-contrib.
class ContribApp < Sinatra::Base
  helpers Sinatra::Cookies
  register Sinatra::Namespace

  namespace "/api" do
    get("/items") { json [{ id: 1, name: "one" }] }
  end

  get("/visits") { (cookies[:visits] = cookies[:visits].to_i + 1).to_s }
end

run ContribApp
