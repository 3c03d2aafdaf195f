# frozen_string_literal: true

# The frameworks and middleware that Kino is tested with, and the expected result of each in each mode.
# frameworks_spec.rb runs them all, and the table in doc/ractors.md is generated from here. This file loads none of
# them.
module Frameworks
  # A request and the expected response.
  #
  # - verb, path [String]
  # - body [String, Regexp, #call] the body, or a pattern in it; a Proc gets the number of the round
  # - status [Integer]
  # - headers [Hash{String => String, Regexp}] required headers of the response
  # - sent [Hash{String => String}] headers of the request
  # - form [String, nil] body of the request; `{}` stands for the previous response's body
  Call = Data.define(:verb, :path, :body, :status, :headers, :sent, :form) do
    def initialize(status: 200, headers: {}, sent: {}, form: nil, **) = super
  end

  # An app of the table.
  #
  # - section [Symbol], name [String]
  # - rackup [String, nil] its file, below spec/support/frameworks or the root
  # - stack [Proc, nil] builds the app in a Rack::Builder; without it or a rackup, the name is the middleware
  # - calls [Array<Call>] made in two rounds
  # - log [Regexp, nil] the text that it must write to rack.errors on threads
  # - auto [Symbol] the mode that auto ends up in, :ractor or :threaded; for a stack, once it is frozen
  # - ractor [String, nil] why it cannot serve in ractor mode; nil if it can
  # - aided [Boolean] whether it serves in ractor mode with examples/rack_in_ractors.rb
  #
  # Each of the last three may be an Array: for Ruby 3.4, and from 4.0 on.
  App = Data.define(:section, :name, :rackup, :stack, :calls, :log, :auto, :ractor, :aided) do
    def initialize(**given)
      super(rackup: nil, stack: nil, log: nil, auto: :threaded, ractor: nil, aided: false, **given)
    end

    # @param ruby [Integer] its major version
    # @return [App] with the values for that version
    def on(ruby) = with(auto: of(auto, ruby), ractor: of(ractor, ruby), aided: of(aided, ruby))

    private

    def of(value, ruby) = value.is_a?(Array) ? value.fetch([ruby - 3, 1].min) : value
  end

  SECTIONS = {
    rackups: "Sinatra and Roda", rails: "Rails", rack: "Rack", sessions: "rack-session", protection: "rack-protection"
  }.freeze

  # The libraries of each section, loaded before its first app.
  LIBRARIES = {
    rackups: %w[rack sinatra/base roda], rails: %w[rack action_controller/railtie], rack: %w[rack],
    sessions: %w[rack rack/session], protection: %w[rack rack/protection]
  }.freeze

  @apps = []

  class << self
    # @return [Array<App>]
    attr_reader :apps

    # @return [void]
    def app(section, name, *calls, **) = apps << App.new(section:, name:, calls:, **)

    # @return [Call]
    def get(path, body, **) = Call.new(verb: "GET", path:, body:, **)

    # @return [Call]
    def post(path, form, body, **) = Call.new(verb: "POST", path:, form:, body:, **)
  end
end

require_relative "rackups"
require_relative "rack"
require_relative "protection"
