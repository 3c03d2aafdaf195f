# frozen_string_literal: true

require "sinatra/base"

# Sessions in a cookie, as in the README.
class SessionsApp < Sinatra::Base
  enable :sessions
  set :session_secret, "k" * 64

  get("/") { "value = #{session[:value].inspect}" }

  get("/:value") { session["value"] = params["value"] }
end

run SessionsApp
