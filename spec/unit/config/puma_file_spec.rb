# frozen_string_literal: true

require "tmpdir"
require "kino/config/file"
require "kino/config/puma_file"

RSpec.describe Kino::Config::PumaFile do
  around { |example| Dir.mktmpdir("kino") { |directory| Dir.chdir(directory) { example.run } } }

  def translate(code)
    File.write("puma.rb", code)
    described_class.translate("puma.rb")
  end

  def settings(code) = translate(code).settings.to_h { |setting| [setting.directive, setting.value] }
  def note(code, directive) = translate(code).settings.find { |setting| setting.directive == directive }.note
  def refused(code) = translate(code).refused.map { |refused| [refused.name, refused.line, refused.kind] }
  def reason(code) = translate(code).refused.first.reason

  # What kino.rb would set with these, and the hooks of it run.
  def sheet(code)
    lines = translate(code).settings.map do |setting|
      "#{setting.directive} #{setting.value.is_a?(String) ? setting.value : setting.value.inspect}"
    end
    File.write("kino.rb", lines.join("\n"))
    Kino::Config::File.read("kino.rb").transform_values(&:value)
  end

  it "translates the file that Rails writes" do
    stub_const("ENV", { "PIDFILE" => "tmp/server.pid" })
    translation = translate(<<~RUBY)
      threads_count = ENV.fetch("RAILS_MAX_THREADS", 3)
      threads threads_count, threads_count
      port ENV.fetch("PORT", 3000)
      plugin :tmp_restart
      plugin :solid_queue if ENV["SOLID_QUEUE_IN_PUMA"]
      pidfile ENV["PIDFILE"] if ENV["PIDFILE"]
    RUBY
    expect(translation.settings.map { |setting| [setting.line, setting.directive, setting.value] })
      .to eq([[2, :threads, 3], [2, :workers, 1], [3, :bind, ["0.0.0.0"]], [3, :port, 3000],
              [6, :pidfile, "tmp/server.pid"]])
    expect(translation.refused.map { |refused| [refused.name, refused.line, refused.kind] })
      .to eq([[:plugin, 4, :elsewhere]])
  end

  it "is deeply frozen" do
    expect(Ractor.shareable?(translate("workers 2\nnonsense\non_booted { p 1 }"))).to be(true)
  end

  it "keeps the code of a computed value in a remark" do
    expect(note("environment 'production'", :environment)).to be_nil
    expect(note("environment ENV.fetch(\"NO_SUCH_VARIABLE\") { 'test' }", :environment))
      .to eq("there it is computed: ENV.fetch(\"NO_SUCH_VARIABLE\") { 'test' }")
  end

  it "gives the file the same __FILE__, __dir__, methods and Puma calls" do
    expect(settings("environment File.basename(__FILE__)\nthreads 3\npidfile \"\#{__dir__.class}/\#{__LINE__}\"\n"))
      .to include(environment: "puma.rb", pidfile: "String/3")
    expect(settings("def count = 2\nworkers count\ninject { port get(:nothing, 80) }"))
      .to include(workers: 2, port: 80)
  end

  describe "addresses" do
    it "are split into host and port" do
      expect(settings("bind 'tcp://127.0.0.1:80'")).to eq(bind: ["127.0.0.1"], port: 80)
      expect(settings("bind 'tcp://[::1]:80?backlog=7'")).to eq(bind: ["::1"], port: 80)
      expect(note("bind 'tcp://[::1]:80?backlog=7'", :bind)).to eq("without its options backlog=7")
      expect(settings("port '80', 'localhost'")).to eq(bind: ["localhost"], port: 80)
    end

    it "default to all interfaces, as in Puma" do
      expect(settings("port 80")).to eq(bind: ["0.0.0.0"], port: 80)
      expect(note("port 80", :bind)).to eq("by default Puma listens on all addresses, Kino on 127.0.0.1")
      expect(note("port 80, '::1'", :bind)).to be_nil
    end

    it "may be Unix domain sockets" do
      expect(settings("bind 'unix:///run/a.sock'")).to eq(bind: ["unix:///run/a.sock"])
      code = "bind 'unix:///run/a.sock?umask=0111&mode=0660'"
      expect(settings(code)).to eq(bind: ["unix:///run/a.sock?mode=0660"])
      expect(note(code, :bind)).to eq("without its options umask=0111")
    end

    it "may be for TLS" do
      expect(settings("bind 'ssl://0.0.0.0:443?key=k&cert=c&verify_mode=force_peer&ca=a'"))
        .to eq(bind: ["ssl://0.0.0.0:443?cert=c&key=k&ca=a&verify=required"])
      code = "ssl_bind '::1', 443, { cert: 'a b', key: 'k', no_tlsv1: true }"
      expect(settings(code)).to eq(bind: ["ssl://[::1]:443?cert=a+b&key=k"])
      expect(note(code, :bind)).to start_with("without its options no_tlsv1")
      expect(reason("bind 'ssl://0.0.0.0:443?cert=c'")).to end_with("cert needs its key")
    end

    it "stay as they are beside others" do
      code = "ssl_bind '0.0.0.0', 9443, { cert: 'c', key: 'k' }\nbind 'tcp://0.0.0.0:80'\nport 81"
      expect(settings(code)).to eq(bind: %w[ssl://0.0.0.0:9443?cert=c&key=k tcp://0.0.0.0:80 tcp://0.0.0.0:81])
    end

    it "must be some that Kino can listen on" do
      expect(reason("bind 'tcp://a b'")).to eq("no address that Kino can listen on: tcp://a b")
      expect(reason("bind nil")).to eq("no address that Kino can listen on: ")
    end

    it "add up, and name their ports" do
      code = "port 80\nbind 'unix:///a'\nbind 'tcp://[::1]'\nbind 'tcp://127.0.0.1:81'\n"
      expect(settings(code)).to eq(bind: %w[tcp://0.0.0.0:80 unix:///a tcp://[::1]:9292 tcp://127.0.0.1:81])
      expect(note(code, :bind)).to eq("by default Puma listens on all addresses, Kino on 127.0.0.1")
      expect(refused(code)).to be_empty
      expect(settings("port 80\nclear_binds!\nport 81")).to include(port: 81)
    end
  end

  describe "workers and threads" do
    it "use Puma's workers and its maximum of threads" do
      expect(settings("workers 3\nthreads 1, 5")).to eq(workers: 3, threads: 5)
      expect(note("threads '1', '5'", :threads)).to start_with("Kino starts all threads at once")
      expect(note("threads 5, 5", :threads)).to be_nil
      expect(settings("workers :auto")).to eq(workers: :auto)
    end

    it "become one worker if Puma has one process" do
      expect(settings("workers 0\nthreads 5")).to eq(workers: 1, threads: 5)
      expect(settings("threads 5")).to eq(workers: 1, threads: 5)
      expect(note("threads 5", :workers)).to eq("Puma runs one process where no workers are set")
      expect(settings("port 80")).not_to include(:workers)
    end

    it "are rejected outside of the directive's bounds" do
      expect(settings("workers 5000\nthreads 5")).to eq(threads: 5)
      expect(reason("workers 5000"))
        .to eq("workers must be auto or an integer from 1 to 1024, got 5000 (from puma.rb:1)")
      expect(refused("threads")).to eq([[:threads, 1, :missing]])
    end

    it "decide whether the blocks for single or cluster mode count" do
      code = "single { port 1 }\ncluster { port 2 }\n"
      expect(settings("#{code}workers 2")).to include(port: 2)
      expect([settings(code), settings("#{code}workers 0")]).to all(include(port: 1))
      expect(translate("#{code}workers 2").settings.map(&:line)).to eq([2, 2, 3])
    end
  end

  describe "limits" do
    {
      "persistent_timeout 20" => { keep_alive_timeout: 20.0 }, "first_data_timeout 5" => { head_timeout: 5.0 },
      "max_keep_alive 7" => { max_keep_alive_requests: 7 }, "max_keep_alive nil" => {},
      "max_keep_alive Float::INFINITY" => { max_keep_alive_requests: nil },
      "enable_keep_alives false" => { max_keep_alive_requests: 1 }, "enable_keep_alives" => {},
      "early_hints" => { early_hints: true }, "early_hints false" => { early_hints: false },
      "http_content_length_limit 1_000" => { max_body_size: 1000 },
      "force_shutdown_after 8" => { shutdown_timeout: 8.0 },
      "force_shutdown_after :immediately" => { shutdown_timeout: 0.0 },
      "force_shutdown_after" => {}, "worker_shutdown_timeout 9" => { shutdown_timeout: 9.0 },
      "rackup 'app.ru'" => { rackup: "app.ru" }
    }.each { |code, expected| it("knows #{code}") { expect(settings(code)).to eq(expected) } }

    it "uses the last of several values, and reports the others" do
      code = "worker_shutdown_timeout 9\nforce_shutdown_after 8"
      expect(settings(code)).to eq(shutdown_timeout: 8.0)
      expect(refused(code)).to eq([[:worker_shutdown_timeout, 1, :needless]])
      expect(reason(code)).to eq("line 2 sets the same anew")
    end
  end

  describe "hooks" do
    it "keep their code, outdented to its end" do
      code = "if true\n  on_booted do\n    puts 1\n    puts \"two\"\n  end\nend\n"
      expect(settings(code)).to eq(after_boot: "do\n  puts 1\n  puts \"two\"\nend")
      expect(translate(code).settings.first.line).to eq(2)
    end

    it "become the Kino hook that runs at that time" do
      names = %w[before_worker_boot on_worker_boot before_thread_start on_thread_start after_booted on_booted
                 lowlevel_error_handler]
      expect(names.map { |name| settings("#{name} { 1 }") })
        .to eq([*[{ after_worker_boot: "{ 1 }" }] * 4, *[{ after_boot: "{ 1 }" }] * 2, { on_error: "{ 1 }" }])
      expect(note("before_worker_boot(:key) { 1 }", :after_worker_boot)).to include("in each thread of each worker")
    end

    it "run in turn if Puma has several" do
      code = "on_worker_boot { |index| CALLED << [1, index] }\n" \
             "before_thread_start do |index|\n  CALLED << [2, index]\nend\n" \
             "on_worker_boot { CALLED << 3 }"
      stub_const("CALLED", [])
      sheet(code).fetch(:after_worker_boot).call(7)
      expect(CALLED).to eq([[1, 7], [2, 7], 3])
      expect(note(code, :after_worker_boot)).to start_with("those of the lines 1, 2, 5, in turn; Puma calls it once")
    end

    it "may be objects" do
      stub_const("Handler", ->(error, _env) { error })
      expect(settings("lowlevel_error_handler Handler")).to eq(on_error: "Handler")
      expect(sheet("lowlevel_error_handler(->(error, env) { [error, env] })").fetch(:on_error).call(1, 2)).to eq([1, 2])
    end

    it "name the local variables of the file that they use" do
      code = "out = 1\nother = 2\non_booted { |a| b = a; [out].each { |c| p out, a, b, c } }\n"
      expect(note(code, :after_boot)).to eq("it uses out of the lines around it")
    end

    it "are rejected if their code is not in the file" do
      code = "on_booted(&:to_s)\non_booted(*[proc { 1 }])\nbefore_worker_boot :key\nsend(:on_booted) { 1 }"
      expect(refused(code)).to eq([[:on_booted, 1, :missing], [:on_booted, 2, :missing],
                                   [:before_worker_boot, 3, :missing], [:on_booted, 4, :missing]])
      expect(settings("on_booted { 1 }; on_booted { 2 }").fetch(:after_boot)).to match(/\{ 1 \}.*\{ 2 \}/m)
    end

    # What a hook says when it is called, run where it stood and where it is written to.
    def said(code)
      stub_const("SAID", [])
      sheet(code).fetch(:after_boot).call
      SAID
    end

    it "keep the heredocs that they open, wherever the text is" do
      expect(said("on_booted { SAID << <<~ONE }\n  first\n    second\nONE\nworkers 2\n")).to eq(["first\n  second\n"])
      expect(said("on_booted { SAID << <<-ONE << <<~TWO }\n\n  one\n  ONE\n\n  two\n\nTWO\n"))
        .to eq(["\n  one\n", "\ntwo\n\n"])
      expect(said("p(<<~KEY) if false; on_booted { SAID << <<~ONE }\n key\nKEY\n one\nONE\n")).to eq(["one\n"])
    end

    it "keep them when several hooks are joined" do
      code = "on_booted { SAID << <<~ONE }\n  one\nONE\n" \
             "on_booted do\n  SAID << <<TWO\n  two\nTWO\n  SAID << 'a\n b'\nend\n"
      expect(said(code)).to eq(["one\n", "  two\n", "a\n b"])
    end

    it "keep their Strings when they are outdented" do
      code = "if true\n  on_booted do\n    SAID << \"a\n      b\#{1}\n  c\"\n    SAID << %q(d\n  e)\n  end\nend\n"
      expect(said(code))
        .to eq(["a\n      b1\n  c", "d\n  e"])
      expect(said("if true\n  on_booted do\n    SAID << <<-ONE\n    one\n  ONE\n=begin\n=end\n  end\nend\n"))
        .to eq(["    one\n"])
      expect(said("2.times do |n|\n  on_booted do\n=begin\n=end\n    SAID << :\"a\n  b\"\n  end if n < 2\nend\n"))
        .to eq([:"a\n  b", :"a\n  b"])
    end

    it "are rejected if they contain the text of another heredoc" do
      code = "on_booted(<<~KEY) do\n  key\nKEY\n  puts 1\nend"
      expect(refused(code)).to eq([[:on_booted, 1, :missing]])
      expect(reason(code)).to eq("a heredoc of the line before stands within its block")
    end

    it "are rejected if they call Puma" do
      code = "on_booted { puts ::Puma::Const::VERSION }\nbefore_worker_boot { Puma.stats }\n"
      expect(refused(code)).to eq([[:on_booted, 1, :missing], [:before_worker_boot, 2, :missing]])
      expect(reason(code)).to eq("its code asks Puma, which is not there")
      expect(settings("on_booted { 1 if defined?(Puma) }").keys).to eq([:after_boot])
    end

    it "may be objects whose names look like a block" do
      expect(settings("done = proc { 1 }\nlowlevel_error_handler done\nlowlevel_error_handler done").fetch(:on_error))
        .to include("(done).call")
    end

    it "are rejected if Kino has no such hook" do
      code = "before_fork { }\non_worker_shutdown { }\non_restart { }\n"
      expect(refused(code)).to eq([[:before_fork, 1, :needless], [:on_worker_shutdown, 2, :missing],
                                   [:on_restart, 3, :elsewhere]])
    end
  end

  it "tells whether the file's String literals are frozen" do
    expect(translate("on_booted { 1 }").frozen_literals).to be(false)
    expect(translate("# frozen_string_literal: false\n").frozen_literals).to be(false)
    expect(translate("#!/usr/bin/env puma\n# frozen_string_literal: true\n").frozen_literals).to be(true)
  end

  it "lists settings without a counterpart, with kind and reason" do
    expect(refused("preload_app!\nstdout_redirect 'a', 'b', true\nactivate_control_app 'tcp://:1', { no_token: true }"))
      .to eq([[:preload_app!, 1, :needless], [:stdout_redirect, 2, :elsewhere], [:activate_control_app, 3, :missing]])
    expect(refused("log_requests\nlog_requests false\nplugin 'systemd'\nplugin :yours\nload 'other.rb'"))
      .to eq([[:log_requests, 1, :elsewhere], [:log_requests, 2, :needless], [:plugin, 3, :needless],
              [:plugin, 4, :missing], [:load, 5, :elsewhere]])
  end

  it "names the nearest of an unknown Puma setting" do
    expect(translate("worker_timeot 5").refused)
      .to eq([described_class::Refused.new(name: :worker_timeot, line: 1, kind: :unknown,
                                           reason: "no setting of Puma's (did you mean worker_timeout?)")])
  end

  describe "code that needs something missing here" do
    def failed(code)
      translate(code).refused.select { |refused| refused.kind == :failed }
                     .map { |refused| [refused.line, refused.name, refused.reason] }
    end

    it "is left out, with the reason, and the rest is converted" do
      code = "require 'kino/nonsense'\nport 80\nPuma.stats\nworkers Concurrent.processor_count\n" \
             "pidfile ENV.fetch('NO_SUCH_VARIABLE')\nthreads 1, 5\nlog_formatter { |text| text }"
      expect(settings(code)).to eq(bind: ["0.0.0.0"], port: 80, threads: 5)
      expect(failed(code)).to eq([
                                   [1, :"require 'kino/nonsense'",
                                    "cannot load such file -- kino/nonsense (LoadError)"],
                                   [3, :"Puma.stats", "uninitialized constant Puma (NameError)"],
                                   [4, :workers, "uninitialized constant Concurrent (NameError)"],
                                   [5, :pidfile, 'key not found: "NO_SUCH_VARIABLE" (KeyError)']
                                 ])
      expect(refused(code).last).to eq([:log_formatter, 7, :missing])
    end

    it "takes along code that needs what it would have set" do
      code = "count = Concurrent.processor_count\nworkers count\nthreads 3 if count > 1\nHOST = Puma::HOST\n" \
             "def here = bind(HOST)\nhere\ncount = 2\nthreads count\non_booted { p HOST }\n"
      expect(settings(code)).to match(threads: 2, after_boot: "{ p HOST }")
      expect(failed(code)).to match([
                                      [1, :"count = Concurrent.processor_count", /\Auninitialized constant Concurrent/],
                                      [2, :workers, "it needs count, which line 1 does not say here"],
                                      [3, :threads, "it needs count, which line 1 does not say here"],
                                      [4, :"HOST = Puma::HOST", /\Auninitialized constant Puma/],
                                      [5, :bind, "it needs HOST, which line 4 does not say here"],
                                      [6, :here, "it needs here, which line 5 does not say here"]
                                    ])
    end

    it "takes along values that it would have changed" do
      code = "a = {}\nb = [80]\nc = {}\nd = {}\na[:n] = Puma.n\nb << Puma.b\nc[:n] ||= Puma.n\nd.merge!(Puma.d)\n" \
             "workers a[:n]\nport b.first\nthreads c[:n]\npidfile d.to_s\n"
      expect(settings(code)).to eq({})
      expect(failed(code).last(4).map { |failure| failure.drop(1) })
        .to eq([[:workers, "it needs a, which line 5 does not say here"],
                [:port, "it needs b, which line 6 does not say here"],
                [:threads, "it needs c, which line 7 does not say here"],
                [:pidfile, "it needs d, which line 8 does not say here"]])
    end

    it "does not include code after a return" do
      code = "port 80\nif true\n  return unless ENV.key?('NO_SUCH_VARIABLE')\nend\nthreads 3\nPuma.stats\n"
      expect([settings(code).keys, failed(code)]).to eq([%i[bind port], []])
      code = "workers 2\ncluster do\n  return\n  threads 3\nend\ncluster { port 80 }\n"
      expect([settings(code).keys, failed(code)]).to eq([%i[workers bind port], []])
    end

    it "may be in a branch, or the condition of one" do
      code = "if defined?(Puma::Plugin)\n  port 1\nelsif true\n  workers 2\n  Puma.stats\n  threads 4\nend\n" \
             "unless Puma.stats\n  rackup 'a.ru'\n  pidfile 'a'\nelse\n  Puma.x\nend\n" \
             "unless false then environment 'b' end\n"
      expect(settings(code)).to eq(workers: 2, threads: 4, environment: "b")
      expect(failed(code).map { |failure| failure.take(2) }).to eq([[5, :"Puma.stats"], [9, :rackup], [10, :pidfile]])
    end

    it "may be in a block" do
      code = "workers 2\ncluster do\n  port 80\n  threads Puma.threads\n  pidfile 'a'\nend\n"
      expect(settings(code)).to eq(workers: 2, bind: ["0.0.0.0"], port: 80)
      expect(failed(code).map { |failure| failure.take(2) }).to eq([[4, :threads], [5, :pidfile]])
    end

    it "does not change what the rest means" do
      code = "if false\n  never = 1\nend\nworkers(never || 2)\nport 80\nport = 81\nport -1 + port\n" \
             "text = <<~A\n  c.ru\nA\nrackup text.strip\npidfile \"\#{__LINE__}\"\n"
      expect(settings(code)).to include(workers: 2, port: 80, rackup: "c.ru", pidfile: "12")
      expect(translate(code).refused).to eq([])
    end

    it "does not include hooks, which run later" do
      code = "count = Puma.x\non_booted do\n  p count\nend\n"
      expect([settings(code).keys, note(code, :after_boot)])
        .to eq([[:after_boot], "it uses count of the lines around it"])
    end
  end

  describe "a file that cannot be read" do
    {
      "workers 2\nraise 'no'" => "puma.rb:2: no (RuntimeError)",
      "\nputs Puma\nif true\n  raise 'no'\nend" => "puma.rb:4: no (RuntimeError)",
      "cluster { raise 'no' }\nworkers 2" => "puma.rb:1: no (RuntimeError)",
      "workers 2\nexit 3" => "puma.rb:2: exit (SystemExit)"
    }.each do |code, message|
      it("says where #{code.inspect} went wrong") do
        expect { translate(code) }.to raise_error(Kino::ConfigError, message)
      end
    end

    it "names the line of the syntax error" do
      expect { translate("workers 2\nthreads (\n") }
        .to raise_error(Kino::ConfigError, /\Apuma\.rb:\d: syntax error, \S/)
    end

    it "is reported as missing or as not a file" do
      expect { described_class.translate("none.rb") }.to raise_error(Kino::ConfigError, "no such file: none.rb")
      expect { described_class.translate(".") }.to raise_error(Kino::ConfigError, /\Acannot read \.: Is a directory/)
    end
  end

  describe "the table" do
    let(:entries) { described_class::Table::ALL }

    it "lists each name once" do
      names = entries.flat_map(&:names)
      expect(names.tally.select { |_name, count| count > 1 }).to eq({})
    end

    it "maps only to directives and hooks that exist" do
      expect(entries.flat_map(&:becomes) - Kino::Config::Directives::NAMES).to eq([])
      hooks = entries.select(&:hook?).flat_map(&:becomes).map { |name| Kino::Config::Directives[name].flag }
      expect(hooks.uniq).to eq([nil])
    end

    it "gives a reason for each setting that is dropped" do
      nothing = entries.select { |entry| %i[needless elsewhere missing].include?(entry.kind) }
      expect(nothing.map(&:words)).to all(match(/\S{2,}/))
    end
  end
end
