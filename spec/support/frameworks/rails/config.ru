# frozen_string_literal: true

require "action_controller/railtie"

# A Rails app in a single file, after the templates for bug reports in Rails' guides.
class TestApp < Rails::Application
  config.root = __dir__
  config.eager_load = false
  config.hosts << "127.0.0.1"
  config.secret_key_base = "secret_key_base"
  config.session_store :cookie_store, key: "cookie_store_key"
  config.action_view.preload_links_header = true # as load_defaults has it
  config.logger = Logger.new($stderr)
  Rails.logger = config.logger

  routes.append do
    root "test#index"
    get "/hello/:name" => "test#hello"
    get "/data" => "test#data"
    get "/visits" => "test#visits"
    get "/form" => "test#form"
    get "/styled" => "test#styled"
    post "/posts" => "test#create"
    get "/old" => "test#old"
    get "/stream" => "live#stream"
  end
end

# The template's controller, with the features that people try next.
class TestController < ActionController::Base
  def index = render(plain: "Home")

  def hello = render(inline: "<b><%= params[:name] %></b>")

  def data = render(json: { id: 1, tags: %w[a b] })

  def visits
    session[:visits] = session[:visits].to_i + 1
    render plain: "visits #{session[:visits]} #{flash[:note]}"
  end

  def form = render(plain: form_authenticity_token)

  def styled = render(inline: "<%= stylesheet_link_tag '/a.css' %>")

  def create = redirect_to("/visits", notice: params[:title], flash: { note: params[:title] })

  def old = redirect_to("/")
end

# Streams from a thread of its own.
class LiveController < ActionController::Base
  include ActionController::Live

  def stream
    response.headers["content-type"] = "text/event-stream"
    3.times { |index| response.stream.write("data: #{index}\n\n") }
  ensure
    response.stream.close
  end
end

run TestApp.initialize!
