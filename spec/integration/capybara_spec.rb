# frozen_string_literal: true

require "support/child"
require "support/integration"

RSpec.describe "kino/capybara" do
  # Runs in a process of its own, to keep the fake Capybara out of this one.
  def capybara(program)
    child = Child.ruby(<<~RUBY)
      $LOAD_PATH.unshift("#{Child::ROOT}/spec/support/fakes")
      require "kino/capybara"
      require "net/http"
      require "socket"

      def port = TCPServer.open("127.0.0.1", 0) { |server| server.addr[1] }
      def up(port, thread)
        Net::HTTP.get(URI("http://127.0.0.1:\#{port}/"))
      rescue Errno::ECONNREFUSED
        thread.join(0.01) or retry
      end
      #{program}
      $stdout.flush
      exit!
    RUBY
    [child.output, child.errors]
  ensure
    child.close
  end

  it "serves the tests' app on threads, silently, and leaves signals alone" do
    program = <<~RUBY
      seen = Object.new # unreachable from a Ractor
      app = ->(_env) { [200, {}, [Thread.current.name, " ", Ractor.current == Ractor.main, " ", seen.class].map(&:to_s)] }
      chosen = port
      thread = Capybara.boot(app, :kino, port: chosen, Silent: true, threads: 1)
      print up(chosen, thread), " ", thread.alive?, " ", %w[TERM USR2].map { |name| trap(name, "DEFAULT") }.uniq
    RUBY
    expect(capybara(program)).to eq(["kino-worker-1 true Object true [\"DEFAULT\"]", ""])
  end

  it "raises on Capybara's thread if it cannot listen" do
    program = <<~RUBY
      taken = TCPServer.new("127.0.0.1", 0)
      thread = Capybara.boot(->(_env) {}, :kino, port: taken.addr[1])
      thread.report_on_exception = false
      begin
        thread.join
      rescue Kino::BindError => error
        print error.class
      end
    RUBY
    expect(capybara(program).first).to eq("Kino::BindError")
  end

  it "refuses unknown options" do
    program = <<~RUBY
      Thread.report_on_exception = false
      begin
        Capybara.boot(->(_env) {}, :kino, port:, Threads: "0:4").join
      rescue Kino::ConfigError => error
        print error.message
      end
    RUBY
    expect(capybara(program).first).to start_with("unknown option: Threads (did you mean threads?); there are bind, ")
  end
end
