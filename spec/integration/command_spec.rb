# frozen_string_literal: true

require "support/child"
require "support/integration"
require "fileutils"
require "tmpdir"

RSpec.describe "exe/kino" do
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

  def kino(*argv, env: {})
    unset = %w[RACK_ENV RAILS_ENV RAILS_MAX_THREADS PORT RUBY_MAX_CPU].to_h { |name| [name, nil] }
    child = Child.kino(*argv, env: { **unset, **env }, chdir: @directory)
    @children << child
    child
  end

  def rackup(text, name = "config.ru") = File.write("#{@directory}/#{name}", text)

  # Expects the process to exit with that status and only that line on stderr.
  def expect_end(child, status, line)
    expect(child.status.exitstatus).to eq(status)
    expect(child.errors).to match(line)
    expect(child.errors.lines.size).to eq(1)
    expect(child.output).to eq("")
  end

  it "prints a banner, serves, and exits with 0 when stopped" do
    child = kino("-p", "0", "-w", "2", "-t", "1", "-m", "ractor", hello)
    response = HttpClient.get(child.port)
    expect(response).to have_attributes(status: 200, body: include("<dt>mode</dt><dd>ractor</dd>"))
    child.signal("TERM")
    expect(child.status.exitstatus).to eq(0)
    expect(child.output.sub(" +YJIT", "")).to eq(<<~BANNER)
      Kino #{Kino::VERSION} (ruby #{RUBY_VERSION})
      mode: ractor (experimental in Ruby), 2 workers x 1 thread
      environment: development
      listening: http://127.0.0.1:#{child.port}
      press Ctrl-C to stop
    BANNER
    expect(child.errors).to eq("")
  end

  if defined?(RubyVM::YJIT)
    it "turns YJIT on in threaded mode, in ractor mode from Ruby 4.1, and on request, and the banner says so" do
      # Starts and stops the command, and returns whether its banner mentions YJIT.
      on = lambda do |*argv, **env|
        child = kino("-p", "0", *argv, hello, env: env.transform_keys(&:to_s))
        child.port
        child.signal("TERM")
        child.status
        expect(child.errors).to eq("")
        child.output.include?(" +YJIT)")
      end
      expect([on["-m", "threaded"], on["-m", "threaded", "--yjit", "off"], on["-m", "threaded", RUBY_YJIT_ENABLE: "0"],
              on["-m", "ractor"], on["-m", "ractor", KINO_YJIT: "on"], on["-m", "ractor", "--yjit", "off"]])
        .to eq([true, false, false, RUBY_VERSION.to_f >= 4.1, true, false])
    end
  end

  it "serves from more than one Ractor" do
    child = kino("-p", "0", "-w", "2", "-m", "ractor", hello)
    port = child.port
    names = Set.new
    eventually("two Ractors serve") do
      clients = Array.new(4) { concurrently { HttpClient.get(port, "/whoami").body } }
      names.merge(clients.map(&:value)).size == 2
    end
    expect(names).to all(match(/\ARactor:#\d+ kino-worker-[12]\n\z/))
  end

  it "serves config.ru by default, and any app in threaded mode" do
    rackup("count = 0\nrun ->(env) { [200, {}, [(count += 1).to_s, env['rack.url_scheme'], ENV['RACK_ENV']]] }\n")
    child = kino("-p", "0", "-e", "staging")
    expect(HttpClient.get(child.port).body).to eq("1httpstaging")
    expect(HttpClient.get(child.port).body).to eq("2httpstaging")
    child.signal("INT")
    expect(child.status.exitstatus).to eq(0)
    expect(child.output).to include("mode: threaded, ", "environment: staging\n")
    expect(child.errors).to match(/\Akino: warning: threaded mode, because the app \(Proc\) cannot be shared.*\n\z/)
  end

  it "restarts itself with RUBY_MAX_CPU if it has more workers than the VM has threads" do
    child = kino("-p", "0", "-w", "9", "-m", "ractor", "#{Child::ROOT}/spec/support/rackups/max_cpu.ru")
    expect(HttpClient.get(child.port).body).to eq("18 nil")
    child.signal("TERM")
    expect(child.status.exitstatus).to eq(0)
    expect([child.errors, child.output.scan("listening").size]).to eq(["", 1])
    expect(child.output).to include("9 workers")
  end

  it "leaves RUBY_MAX_CPU alone if it is high enough, and in threaded mode" do
    file = "#{Child::ROOT}/spec/support/rackups/max_cpu.ru"
    expect(HttpClient.get(kino("-p", "0", "-w", "9", file, env: { "RUBY_MAX_CPU" => "10" }).port).body).to eq("10 nil")
    expect(HttpClient.get(kino("-p", "0", "-w", "9", "-m", "threaded", file).port).body).to eq(" nil")
  end

  it "reads its settings from kino.rb, and runs its hooks in the worker Ractors" do
    FileUtils.cp_r("#{Child::ROOT}/examples/hello/.", @directory)
    File.write("#{@directory}/kino.rb", <<~TEXT)
      port 0
      mode :ractor
      workers 2
      def words(index) = "worker \#{index} is up, main: \#{Ractor.current == Ractor.main}"
      after_worker_boot { |index| $stdout.puts words(index) }
    TEXT
    child = kino
    expect(HttpClient.get(child.port).body).to include("<dt>mode</dt><dd>ractor</dd>")
    child.signal("TERM")
    expect(child.status.exitstatus).to eq(0)
    expect(child.output.lines.grep(/^worker/).sort).to eq(Array.new(2) { |n| "worker #{n} is up, main: false\n" })
    expect(child.errors).to eq("")
  end

  it "runs with the file that --init writes" do
    FileUtils.cp_r("#{Child::ROOT}/examples/hello/.", @directory)
    expect(kino("--init").status.exitstatus).to eq(0)
    child = kino(env: { "KINO_PORT" => "0" })
    expect(HttpClient.get(child.port).status).to eq(200)
    child.signal("TERM")
    expect([child.status.exitstatus, child.errors]).to eq([0, ""])
  end

  it "resolves the pidfile in the directory where it started, even if the app changes directory" do
    Dir.mkdir("#{@directory}/elsewhere")
    rackup("Dir.chdir('elsewhere')\nrun ->(_) {}\n")
    child = kino("-p", "0", "-m", "threaded", "--pidfile", "kino.pid")
    child.port
    file = "#{@directory}/kino.pid"
    expect(File.read(file)).to eq("#{child.pid}\n")
    child.signal("TERM")
    expect([child.status.exitstatus, File.exist?(file)]).to eq([0, false])
  end

  describe "when it cannot start" do
    it "says that the port is taken" do
      rackup("run ->(_) {}")
      TCPServer.open("127.0.0.1", 0) do |taken|
        port = taken.local_address.ip_port
        expect_end(kino("-p", port.to_s, "-m", "threaded"), 1,
                   /\Akino: cannot listen on 127\.0\.0\.1:#{port}: .*in use/)
      end
    end

    it "says that the address is not available" do
      rackup("run ->(_) {}")
      expect_end(kino("-p", "0", "-b", "192.0.2.1", "-m", "threaded"), 1, /\Akino: cannot listen on 192\.0\.2\.1/)
    end

    it "says that there is no rackup file" do
      expect_end(kino("-p", "0"), 1, /\Akino: no such rackup file: config\.ru$/)
      expect_end(kino("-p", "0", "other.ru"), 1, /\Akino: no such rackup file: other\.ru$/)
    end

    it "says where the rackup file has an error" do
      rackup("require 'json'\nraise 'not today'\n")
      expect_end(kino("-p", "0"), 1, /\Akino: config\.ru:2: not today \(RuntimeError\)$/)
      rackup("run ->(env) {\n", "syntax.ru")
      expect_end(kino("-p", "0", "syntax.ru"), 1, /\Akino: syntax\.ru:1: syntax error, /)
    end

    it "says what is wrong with a flag" do
      expect_end(kino("--prot", "0"), 2, /\Akino: invalid option: --prot \(did you mean --port\?\); see kino --help$/)
      expect_end(kino("-w", "none"), 2, /\Akino: workers must be .*, got "none" \(from --workers\)$/)
    end

    it "says that an app cannot be shared, and what to do" do
      rackup("log = []\nrun ->(_) { log }")
      expect_end(kino("-p", "0", "-m", "ractor"), 1, /\Akino: the app \(Proc\) cannot be shared .*use mode threaded$/)
    end

    if RUBY_VERSION < "4"
      it "says that this Ruby supports only one thread per Ractor" do
        expect_end(kino("-p", "0", "-m", "ractor", "-t", "2", hello), 2, /\Akino: ractor mode takes threads: 1 only/)
      end
    end
  end
end
