# frozen_string_literal: true

require "json"
require "uri"
require "kino"
require "kino/app_loader"
require_relative "../captured_stderr"
require_relative "../http_client"
require_relative "table"

module Frameworks
  # A program that serves the apps of the table, sends their requests, and prints a line of JSON for each. Each app runs
  # in a process of its own, forked from one that has loaded its section's libraries, so that apps do not affect each
  # other. Ractor mode comes first, because a value memoised on the main Ractor would help it.
  module Trial
    ROOT = File.expand_path("../../..", __dir__)
    # Seconds for each app; a guard against hanging.
    LIMIT = 25
    # Short reasons why an app cannot run in ractor mode, by the error.
    REASONS = {
      /non-shareable objects in constant (\S+) by/ => "reads the constant `%s`",
      /get unshareable values from instance variables.* Ractors \((@\w+) from (\S+?)\)/ => "reads `%s` of `%s`",
      /get unshareable values from instance variables/ => "reads an instance variable of a class", # all that 3.4 says
      /can not set instance variables of classes/ => "sets an instance variable of a class",
      /class variables from non-main Ractors?.*?\((@@\w+) from (\S+?)\)/m => "reads `%s` of `%s`",
      /un-?shareable Proc in a different Ractor/ => "calls a method that was made of a block",
      /global variables (\S+) from/ => "reads the global variable `%s`",
      /can't modify frozen ([\w:]+): / => "changes a frozen `%s`",
      /can not make shareable object for #<([\w:]+?)(?::0x|>)/ => "holds a `%s`",
      /Proc's self is not shareable/ => "holds a block",
      /the app \((\S+)\).* cannot be shared/ => "its app, a `%s`, cannot be shared"
    }.freeze

    class << self
      # @param section [String]
      # @param names [Array<String>] of apps, all if none
      # @return [void]
      def print_table(section, names = [])
        LIBRARIES.fetch(section.to_sym).each { |library| require library }
        require_relative "inner"
        apps = Frameworks.apps.select { |app| app.section == section.to_sym }
        apps = apps.select { |app| names.include?(app.name) } unless names.empty?
        Process.warmup # so that the children need not collect the objects that they share
        apps.each { |app| puts JSON.generate(name: app.name, **in_child { outcomes(app) }) }
      end

      private

      def outcomes(app)
        plain = build(app)
        frozen, obstacle = freeze(app, plain)
        rows = { ractor: outcome(app, :ractor, frozen || plain, obstacle), auto: auto(app, frozen),
                 plain: default_mode(app), threaded: outcome(app, :threaded, build(app)) }
        rows[:ractor][:reason].start_with?("reads") ? { **rows, aided: aided(app) } : rows
      end

      # Last, because it freezes global state of Rack.
      def aided(app)
        require "#{ROOT}/examples/rack_in_ractors"
        outcome(app, :ractor, freeze(app, nil).first)
      end

      def auto(app, frozen)
        tried = outcome(app, :auto, frozen || build(app))
        # An app that sets its own instance variables works in no mode once it is frozen.
        tried[:reason].start_with?("changes a frozen") ? outcome(app, :auto, build(app)) : tried
      end

      # @return [Symbol] the mode that auto picks for a stack that is not frozen
      def default_mode(app) = Kino::Config::Mode.resolve(:auto, build(app), threads: :auto).first

      def outcome(app, mode, built, obstacle = nil)
        tried = { faults: ["not shareable"] }
        log = obstacle || CapturedStderr.of { tried = try(app, mode, built) }
        { **tried, reason: reason(tried.fetch(:refused, "") + log), log: }
      end

      def try(app, mode, built)
        server = Kino::Server.new(built, port: 0, mode:, workers: 2).start
        faults = Browser.new(server.port).faults(app.calls)
        { mode: server.mode, faults: }
      rescue Kino::UnshareableAppError => e
        { faults: ["refused"], refused: e.message }
      ensure
        server&.shutdown(timeout: 5)
      end

      # @return [#call] as in a rackup file
      def build(app)
        return @loaded ||= Kino::AppLoader.load(path(app.rackup)) if app.rackup

        ::Rack::Builder.app do
          use GivenSession if app.section == :protection
          app.stack ? instance_exec(&app.stack) : use(Object.const_get(app.name))
          run Inner unless @run
        end
      end

      # @return [#call, nil] and [String, nil] why it cannot be frozen
      def freeze(app, plain)
        return [plain, nil] if app.rackup

        [Ractor.make_shareable(build(app)), nil]
      rescue Ractor::Error => e
        [nil, e.message]
      end

      def path(rackup) = rackup.start_with?("examples/") ? "#{ROOT}/#{rackup}" : "#{__dir__}/#{rackup}"

      def reason(text)
        pattern, words = REASONS.min_by { |candidate, _| text.index(candidate) || text.size }
        (match = pattern.match(text)) ? format(words, *match.captures) : text[/^.*Error.*$/].to_s
      end

      def in_child(&)
        reader, writer = IO.pipe
        pid = fork { write(writer, &) }
        writer.close
        reader.timeout = LIMIT
        text = reader.read
        text.empty? ? { broken: "its process ended" } : JSON.parse(text)
      rescue IO::TimeoutError
        { broken: "it hung" }
      ensure
        Process.kill(:KILL, pid)
        Process.wait(pid)
        reader.close
      end

      def write(writer)
        writer.write(JSON.generate(yield))
      rescue Exception => e # rubocop:disable Lint/RescueException -- such as an app that cannot be made
        writer.write(JSON.generate(broken: e.full_message(highlight: false)))
      ensure
        writer.close
        exit!(true) # skips at_exit, and ends Ractors
      end
    end

    # A browser: it keeps cookies, and its connection for as long as the server does.
    class Browser
      ROUNDS = 2

      def initialize(port)
        @port = port
        @cookies = {}
        @last = ""
      end

      # @return [Array<String>] the responses that differ from what the call expects
      def faults(calls)
        (1..ROUNDS).flat_map { |round| calls.filter_map { |call| fault(call, request(call), round) } }
      ensure
        @http&.close
      end

      private

      def request(call)
        @http ||= HttpClient.open(@port)
        response = @http.request(call.verb, call.path, headers(call), call.form && form(call))
        if response["connection"] == "close"
          @http.close
          @http = nil
        end
        response
      end

      def headers(call)
        { "host" => "127.0.0.1:#{@port}", "accept" => "*/*", "accept-encoding" => "identity",
          **({ "cookie" => @cookies.map { |pair| pair.join("=") }.join("; ") } unless @cookies.empty?),
          **({ "content-type" => "application/x-www-form-urlencoded" } if call.form), **call.sent }
      end

      def form(call) = call.form.sub("{}") { URI.encode_www_form_component(@last) }

      def fault(call, response, round)
        @last = response.body
        response.all("set-cookie").each { |field| store(field) }
        return if right?(call, response, round)

        "#{call.verb} #{call.path} in round #{round}: #{response.status} #{response.fields} #{@last[0, 300].inspect}"
      end

      def store(cookie)
        name, value = cookie.split(";", 2).first.split("=", 2)
        cookie.include?("01 Jan 1970") ? @cookies.delete(name) : @cookies[name] = value
      end

      def right?(call, response, round)
        expected = call.body.respond_to?(:call) ? call.body.call(round) : call.body
        response.status == call.status && fits?(expected, @last) &&
          call.headers.all? { |name, value| fits?(value, response.all(name).join(", ")) }
      end

      def fits?(expected, text)
        expected.is_a?(Regexp) ? expected.match?(text) : expected == text
      end
    end
  end
end

if $PROGRAM_NAME == __FILE__
  require "rack"
  Warning[:experimental] = false
  $stdout.sync = true
  Frameworks::Trial.print_table(ARGV.shift, ARGV)
end
