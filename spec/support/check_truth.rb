# frozen_string_literal: true

require "json"
require "rack/builder"
require "stringio"
require_relative "check_apps"

# Finds out whether the apps of {CheckApps} run in a Ractor, and what the check says of them. A program: it prints a
# line of JSON for each app. Each app has a process of its own, forked from one that has loaded its family and nothing
# else. So what one app requires, memoises or breaks is no other's, and one that hangs can be ended.
module CheckTruth
  # Seconds that an app has, and those that a family has; guards against hanging.
  LIMIT = 10
  FAMILY_LIMIT = 50
  HUNG = "it hung, or its process crashed"

  class << self
    # @param files [Array<String>] families
    # @return [void]
    def print_table(files = CheckApps::FILES)
      waiting = Thread::Queue.new(files).close
      # Two at a time: that halves it where there are two cores.
      Array.new(2) { Thread.new { while (file = waiting.pop) do print_family(file) end } }.each(&:join)
    end

    private

    def print_family(file)
      rows = in_child(FAMILY_LIMIT) do
        require file
        Process.warmup # what the children share they need not collect
        CheckApps.apps.map { |name, app| { "name" => name, **(in_child { row(app) } || { "error" => HUNG }) } }
      end
      $stdout.write((rows || raise("#{file} cannot be loaded")).map { |row| "#{JSON.generate(row)}\n" }.join)
    end

    # What the check says, then what is true, in this order: an app is checked before it has served anything.
    def row(app)
      rack_app = app.build.call
      { "blames" => app.blames&.source, **verdict(rack_app), **truth(rack_app, app.paths),
        "warm" => warm(rack_app, app.paths) }
    rescue Exception => e # rubocop:disable Lint/RescueException -- such as an app that cannot be made
      { "error" => e.full_message(highlight: false) }
    end

    def verdict(rack_app)
      report = Kino::Check.report(rack_app)
      # Whatever they consist of: the specs of the check say how that looks.
      findings = report.findings.map { |finding| finding.to_h.transform_values(&:to_s) }
      foreseen = Ractor.shareable?(rack_app) && Kino::Check.first_finding(rack_app)
      { "verdict" => report.verdict.to_s, "findings" => findings, "foreseen" => foreseen && foreseen.cause.to_s,
        "concerns" => report.findings.select(&:ractors_only?).map { it.cause.to_s }, "shareable" => foreseen != false }
    rescue Exception => e # rubocop:disable Lint/RescueException -- a check that raises is a row of its own
      { "verdict" => "raised", "findings" => [{ "what" => e.full_message(highlight: false) }] }
    end

    # What a worker sees: the app is loaded in the main Ractor, not called there, and then called in another.
    def truth(rack_app, paths)
      return { "works" => false, "error" => "not shareable" } unless Ractor.shareable?(rack_app)

      error = in_ractor(rack_app, paths)
      { "works" => error.nil?, "error" => error }
    end

    # Whether it works once it has served a request in the main Ractor, as a warm-up would have it.
    def warm(rack_app, paths)
      return false unless Ractor.shareable?(rack_app)

      paths.each { |path| CheckTruth.request(rack_app, path) }
      in_ractor(rack_app, paths).nil?
    rescue StandardError
      false # nor does it work in the main Ractor
    end

    def in_ractor(rack_app, paths)
      ractor = Ractor.new(rack_app, Ractor.make_shareable(paths)) do |app, its_paths|
        # Twice: what an app keeps of the first request it may trip over in the second.
        2.times { its_paths.each { |path| CheckTruth.request(app, path) } }
        nil
      rescue Exception => e # rubocop:disable Lint/RescueException -- whatever it is, it is the answer
        [e.class.name, e.message, *e.backtrace&.first(3)].join("\n")
      end
      ractor.respond_to?(:value) ? ractor.value : ractor.take
    end

    # @return [Object, nil] what the block returned, through JSON; nil if it ended or hung before it did
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
      # Neither at_exit nor a Ractor that goes on may keep it.
      exit!(true)
    end
  end

  # Asks once, and reads the answer to its end. A 500 is an error however it came to be.
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

  # As Kino makes it: in the Ractor that uses it, every object anew.
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
