# frozen_string_literal: true

# Frameworks and middleware that Kino is held against, and what comes of each in each mode. frameworks_spec.rb tries
# them all, and doc/ractors.md has its table from here. Nothing of theirs is loaded here.
module Frameworks
  # A request, and what its answer has to be.
  #
  # - verb, path [String]
  # - body [String, Regexp, #call] what the text of the answer is, or has in it; a Proc is given the number of the round
  # - status [Integer]
  # - headers [Hash{String => String, Regexp}] that the answer has to have
  # - sent [Hash{String => String}] headers of the request
  # - form [String, nil] body of the request; `{}` stands for the text of the answer before
  Call = Data.define(:verb, :path, :body, :status, :headers, :sent, :form) do
    def initialize(status: 200, headers: {}, sent: {}, form: nil, **) = super
  end

  # An app of the table.
  #
  # - section [Symbol], name [String]
  # - rackup [String, nil] its file, below spec/support/frameworks or the root
  # - stack [Proc, nil] or what makes it in a Rack::Builder: else it is the middleware of its name
  # - calls [Array<Call>] two rounds of these are made
  # - log [Regexp, nil] what it has to write to rack.errors on threads
  # - auto [Symbol] what mode auto ends up with, :ractor or :threaded; for a stack: once it is frozen
  # - ractor [String, nil] what is in the way of ractor mode; nil where it serves
  # - aided [Boolean] whether it serves in ractor mode with examples/rack_in_ractors.rb
  #
  # Each of the last three may be an Array: on Ruby 3.4, and from 4.0 on.
  App = Data.define(:section, :name, :rackup, :stack, :calls, :log, :auto, :ractor, :aided) do
    def initialize(**given)
      super(rackup: nil, stack: nil, log: nil, auto: :threaded, ractor: nil, aided: false, **given)
    end

    # @param ruby [Integer] its major version
    # @return [App] as it is there
    def on(ruby) = with(auto: of(auto, ruby), ractor: of(ractor, ruby), aided: of(aided, ruby))

    private

    def of(value, ruby) = value.is_a?(Array) ? value.fetch([ruby - 3, 1].min) : value
  end

  SECTIONS = {
    rackups: "Sinatra and Roda", rails: "Rails", rack: "Rack", sessions: "rack-session", protection: "rack-protection"
  }.freeze

  # What each section has loaded before its first app.
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
