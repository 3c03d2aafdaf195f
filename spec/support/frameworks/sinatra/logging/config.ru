# frozen_string_literal: true

require "sinatra/base"

# The logger of the README: `logger` writes to rack.errors.
class LoggingApp < Sinatra::Base
  configure :production, :development do
    enable :logging
  end

  get("/") do
    logger.info "loading data"
    "logged"
  end
end

run LoggingApp
