# frozen_string_literal: true

require "rackup/handler"
require "support/child"
require "support/integration"
require "tmpdir"

RSpec.describe "the Rack handler" do
  let(:hello) { "#{Child::ROOT}/examples/hello/config.ru" }

  around do |example|
    Dir.mktmpdir("kino") do |directory|
      @directory = directory
      @children = []
      example.run
    ensure
      @children.each(&:close)
    end
  end

  def rackup(*argv, env: {})
    command = [RbConfig.ruby, "-I#{Child::ROOT}/lib", Gem.bin_path("rackup", "rackup"), *argv]
    @children << Child.new(*command, env: { "RACK_ENV" => nil, **env }, chdir: @directory)
    @children.last
  end

  def stop(child, signal)
    child.signal(signal)
    child.status.exitstatus
  end

  def app
    text = "run ->(env) { [200, {}, [env['rack.url_scheme'], ENV.fetch('RACK_ENV')]] }"
    File.write("#{@directory}/config.ru", text)
  end

  it "is found by name" do
    handler = Rackup::Handler.get("kino")
    expect([handler, handler.name]).to eq([Rackup::Handler.get(:kino), "Rackup::Handler::Kino"])
    expect(handler).not_to respond_to(:shutdown)
  end

  it "serves `rackup -s kino` in development, on threads because of rackup's middleware" do
    app
    child = rackup("-s", "kino", "-p", "0", "-o", "127.0.0.1", "-O", "workers=1", "-O", "threads=2")
    expect(HttpClient.get(child.port).body).to eq("httpdevelopment")
    expect(stop(child, "INT")).to eq(0)
    expect(child.output).to include("mode: threaded, 1 worker x 2 threads\nenvironment: development\n")
    expect(child.errors).to match(/warning: threaded mode, because the app \(Rack::ContentLength\) cannot be shared/)
  end

  it "serves a shareable app from Ractors, if rackup adds no middleware" do
    child = rackup("-s", "kino", "-p", "0", "-o", "127.0.0.1", "-E", "production", "-O", "mode=ractor",
                   "-O", "workers=1", hello)
    expect(HttpClient.get(child.port, "/whoami").body).to match(/\ARactor:#\d+ kino-worker-1\n\z/)
    expect(stop(child, "TERM")).to eq(0)
    expect(child.output).to include("mode: ractor (experimental in Ruby), 1 worker x 1 thread\n")
    expect(child.errors).to eq("")
  end

  it "can be named in RACKUP_HANDLER, is silent with -q, and leaves -P to rackup" do
    app
    pidfile = "#{@directory}/rackup.pid"
    port = TCPServer.open("127.0.0.1", 0) { |server| server.addr[1] }
    child = rackup("-q", "-p", port.to_s, "-o", "127.0.0.1", "-P", pidfile, "-E", "none",
                   env: { "RACKUP_HANDLER" => "kino" })
    eventually("it listens") { !refused?(port) }
    expect(File.read(pidfile)).to eq(child.pid.to_s)
    expect(stop(child, "TERM")).to eq(0)
    expect([child.output, File.exist?(pidfile)]).to eq(["", false])
  end

  it "lists its options for `rackup -s kino -h`" do
    expect(rackup("-s", "kino", "-h").output)
      .to include("Server-specific options for Rackup::Handler::Kino:").and match(/^  -O queue_depth=COUNT +\w/)
  end

  it "exits with a single line that names an invalid option" do
    app
    child = rackup("-s", "kino", "-p", "0", "-O", "worker=2")
    expect(child.status.exitstatus).to eq(1)
    expect(child.errors)
      .to match(/\Akino: unknown option: worker \(did you mean workers\?\); there are bind, .*, Host and Port\n\z/)
    child = rackup("-s", "kino", "-p", "0", "-O", "workers=x")
    expect([child.status.exitstatus, child.errors])
      .to eq([1, "kino: workers must be auto or an integer from 1 to 1024, got \"x\" (from the Rack option workers)\n"])
  end

  it "exits with a line that says where any other error is, and prints a backtrace only with -d" do
    app
    File.write("#{@directory}/kino.rb", "\nwokers 1")
    child = rackup("-s", "kino", "-p", "0")
    expect([child.status.exitstatus, child.errors])
      .to eq([1, "kino: kino.rb:2: unknown directive: wokers (did you mean workers?)\n"])
    child = rackup("-s", "kino", "-p", "0", "-d")
    expect(child.status.exitstatus).to eq(1)
    expect(child.errors).to match(/\(Kino::ConfigError\)\n\tfrom /)
  end

  it "raises in programs that start the server themselves, including through Rackup::Server" do
    child = Child.ruby(<<~RUBY)
      require "rackup"
      tries = [-> { Rackup::Handler.get(:kino).run(nil, worker: 2) },
               -> { Rackup::Server.start(app: ->(_) {}, server: :kino, environment: "none", worker: 2) }]
      tries.each { |try| try.call rescue p($!.class) }
    RUBY
    @children << child
    expect([child.output, child.errors]).to eq(["Kino::ConfigError\n" * 2, ""])
  end

  it "reads kino.rb, but its own options take precedence" do
    app
    File.write("#{@directory}/kino.rb", "workers 1\nthreads 7\nafter_boot { puts 'booted' }\n")
    child = rackup("-s", "kino", "-p", "0", "-o", "127.0.0.1", "-E", "none", "-O", "threads=2")
    child.port
    expect(stop(child, "TERM")).to eq(0)
    expect(child.output).to include("booted\n", "1 worker x 2 threads")
  end

  it "refuses a hot restart, because it does not know how it was started" do
    app
    child = rackup("-s", "kino", "-p", "0", "-o", "127.0.0.1", "-E", "none")
    child.port
    child.signal("USR2")
    eventually("it says so") { child.errors.include?("no hot restart: the command that started this program") }
    expect(HttpClient.get(child.port).body).to eq("httpnone")
    expect(stop(child, "TERM")).to eq(0)
  end

  it "yields the server once it listens, and returns it after it has stopped" do
    child = Child.ruby(<<~RUBY)
      require "rackup/handler"
      app = ->(_env) { [200, {}, ["served"]] }
      yielded = nil
      options = { Host: "127.0.0.1", Port: 0, mode: :threaded, Silent: true }
      server = Rackup::Handler.get(:kino).run(app, **options) do |running|
        yielded = running
        require "support/http_client"
        Thread.new { puts HttpClient.get(running.port).body; running.shutdown }
      end
      p [server.class, server.equal?(yielded)]
    RUBY
    @children << child
    expect(child.output).to include("served\n", "[Kino::Server, true]\n")
    expect(child.errors).to eq("")
  end
end
