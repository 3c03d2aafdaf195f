# frozen_string_literal: true

# A Rails app with production settings and no database: /json and /html. bench/README.md says how to serve it.

ENV["RAILS_ENV"] ||= "production"

require "action_controller/railtie"

# The settings that `rails new` writes for production. Log lines are written to LOG, or discarded.
class RailsBench < Rails::Application
  config.load_defaults "#{Rails::VERSION::MAJOR}.#{Rails::VERSION::MINOR}"
  config.root = __dir__
  config.secret_key_base = "k" * 128
  config.eager_load = true
  config.enable_reloading = false
  config.consider_all_requests_local = false
  config.action_controller.perform_caching = true
  config.cache_store = :memory_store
  config.public_file_server.enabled = false
  config.log_tags = [:request_id]
  config.log_level = :info
  config.logger = ActiveSupport::TaggedLogging.new(ActiveSupport::Logger.new(ENV.fetch("LOG", File::NULL)))

  routes.append do
    get "/json" => "items#data"
    get "/html" => "items#index"
  end
end

# Twenty items, as JSON and as a page.
class ItemsController < ActionController::Base # rubocop:disable Style/OneClassPerFile -- a single file, as in Rails' guides
  prepend_view_path File.expand_path("rails", __dir__)

  Item = Data.define(:id, :name, :price) do
    def as_json(*) = to_h.as_json
  end

  ITEMS = Array.new(20) { |index| Item.new(id: index, name: "item <#{index}>", price: (index * 1.25) + 0.5) }.freeze

  def data = render(json: { items: ITEMS, asked: params[:q] })

  def index
    @items = ITEMS
    @visits = session[:visits].to_i
    render layout: "application"
  end
end

run RailsBench.initialize!
