# frozen_string_literal: true

require "json"
require "rack/builder"
require "stringio"
require_relative "check_apps"

# A program that finds out whether the apps of {CheckApps} work in a Ractor, and what the check reports. It prints
# a line of JSON for each app. Each app runs in a process of its own, forked from one that has loaded only its family,
# so that apps do not affect each other and an app that hangs can be killed.
module CheckTruth
  # Seconds for an app, and for a family; guards against hanging.
  LIMIT = 10
  FAMILY_LIMIT = 50
  HUNG = "it hung, or its process crashed"

  class << self
    # @param files [Array<String>] families
    # @return [void]
    def print_table(files = CheckApps::FILES)
      waiting = Thread::Queue.new(files).close
      # Two at a time, to use two cores.
      Array.new(2) { Thread.new { while (file = waiting.pop) do print_family(file) end } }.each(&:join)
    end

    private

    def print_family(file)
      rows = in_child(FAMILY_LIMIT) do
        require file
        Process.warmup # so that the children need not collect the objects that they share
        CheckApps.apps.map { |name, app| { "name" => name, **(in_child { row(app) } || { "error" => HUNG }) } }
      end
      $stdout.write((rows || raise("#{file} cannot be loaded")).map { |row| "#{JSON.generate(row)}\n" }.join)
    end

    # Runs the check before the truth, so that the app has not served anything yet.
    def row(app)
      rack_app = app.build.call
      { "blames" => app.blames&.source, **verdict(rack_app), **truth(rack_app, app.paths),
        "warm" => warm(rack_app, app.paths) }
    rescue Exception => e # rubocop:disable Lint/RescueException -- such as an app that cannot be made
      { "error" => e.full_message(highlight: false) }
    end

    def verdict(rack_app)
      report = Kino::Check.report(rack_app)
      # As Strings; the specs of the check cover the values.
      findings = report.findings.map { |finding| finding.to_h.transform_values(&:to_s) }
      foreseen = Ractor.shareable?(rack_app) && Kino::Check.first_finding(rack_app)
      { "verdict" => report.verdict.to_s, "findings" => findings, "foreseen" => foreseen && foreseen.cause.to_s,
        "concerns" => report.findings.select(&:ractors_only?).map { it.cause.to_s }, "shareable" => foreseen != false }
    rescue Exception => e # rubocop:disable Lint/RescueException -- a check that raises is a row of its own
      { "verdict" => "raised", "findings" => [{ "what" => e.full_message(highlight: false) }] }
    end

    # Like a worker: the main Ractor loads the app but does not call it, and another Ractor calls it.
    def truth(rack_app, paths)
      return { "works" => false, "error" => "not shareable" } unless Ractor.shareable?(rack_app)

      error = in_ractor(rack_app, paths)
      { "works" => error.nil?, "error" => error }
    end

    # Whether the app works after the main Ractor has served a request, as in a warm-up.
    def warm(rack_app, paths)
      return false unless Ractor.shareable?(rack_app)

      paths.each { |path| CheckTruth.request(rack_app, path) }
      in_ractor(rack_app, paths).nil?
    rescue StandardError
      false # it does not work in the main Ractor either
    end

    def in_ractor(rack_app, paths)
      ractor = Ractor.new(rack_app, Ractor.make_shareable(paths)) do |app, its_paths|
        # Twice, because state kept from the first request may break the second.
        2.times { its_paths.each { |path| CheckTruth.request(app, path) } }
        nil
      rescue Exception => e # rubocop:disable Lint/RescueException -- any exception is a result
        [e.class.name, e.message, *e.backtrace&.first(3)].join("\n")
      end
      ractor.respond_to?(:value) ? ractor.value : ractor.take
    end

    # @return [Object, nil] the block's result, through JSON; nil if the process ended or hung
    def in_child(limit = LIMIT, &)
      reader, writer = IO.pipe
      pid = fork { answer(writer, &) }
      writer.close
      reader.timeout = limit
      text = reader.read
      JSON.parse(text) unless text.empty?
    rescue IO::TimeoutError
      nil
    ensure
      Process.kill(:KILL, pid)
      Process.wait(pid)
      reader.close
    end

    def answer(writer)
      writer.write(JSON.generate(yield))
      writer.close
    ensure
      # Skips at_exit, and ends Ractors.
      exit!(true)
    end
  end

  # Sends a request, and reads the whole response. A 500 counts as an error.
  # @return [void]
  def self.request(app, path)
    status, _headers, body = app.call(env(path))
    text = +""
    if body.respond_to?(:each) then body.each { |part| text << part }
    else body.call(StringIO.new(text))
    end
    body.close if body.respond_to?(:close)
    raise "status #{status}: #{text}" if status.to_i >= 500
  end

  # As in Kino: new objects, made in the Ractor that uses them.
  def self.env(path)
    { "REQUEST_METHOD" => "GET", "SCRIPT_NAME" => "", "PATH_INFO" => path.dup, "QUERY_STRING" => "a=1&b=2",
      "SERVER_NAME" => "localhost", "SERVER_PORT" => "80", "SERVER_PROTOCOL" => "HTTP/1.1",
      "REMOTE_ADDR" => "127.0.0.1", "HTTP_HOST" => "localhost", "HTTP_ACCEPT_ENCODING" => "gzip",
      "HTTP_COOKIE" => "seen=1", "rack.url_scheme" => "http", "rack.input" => StringIO.new("".b),
      "rack.errors" => StringIO.new(+"") }
  end
end

if $PROGRAM_NAME == __FILE__
  require "kino/check"
  Warning[:experimental] = false
  $stdout.sync = true
  CheckTruth.print_table(ARGV.empty? ? CheckApps::FILES : ARGV.map { |file| File.expand_path(file) })
end
