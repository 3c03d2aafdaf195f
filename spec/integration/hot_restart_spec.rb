# frozen_string_literal: true

require "support/child"
require "support/integration"
require "pty"
require "tmpdir"

RSpec.describe "A hot restart" do
  around do |example|
    Dir.mktmpdir("kino") do |directory|
      @directory = File.realpath(directory)
      example.run
    ensure
      @child&.close
    end
  end

  let(:pidfile) { "#{@directory}/kino.pid" }

  # An app that blocks during boot if the file "slow" names a rendezvous, and fails if the file "broken" exists.
  def rackup(directory = @directory)
    File.write("#{directory}/config.ru", <<~RUBY)
      raise File.read("broken") if File.exist?("broken")
      require "support/apps"
      Rendezvous.ask(File.read("slow"), Process.pid.to_s) if File.exist?("slow")
      run Apps::Blocking
    RUBY
  end

  def start(*flags, mode: :threaded, chdir: @directory, env: {})
    rackup(chdir) unless File.exist?("#{chdir}/config.ru")
    @child = Child.kino("-p", "0", "-w", "2", "-t", "1", "-m", mode.to_s, *flags,
                        chdir:, env: { "RACK_ENV" => nil, "RUBY_MAX_CPU" => nil, "PWD" => nil, **env })
    @child.port
    @child
  end

  def break_it = File.write("#{@directory}/broken", "not today")
  def slow_down = File.write("#{@directory}/slow", rendezvous.path)
  def pid_of(child) = HttpClient.get(child.port, "/pid").body.to_i
  def await_successor(child) = eventually("the successor serves") { pid_of(child).then { it if it != child.pid } }
  def await_line(child, line) = eventually(line.inspect) { child.errors.lines.grep(line).first }

  # @return [Boolean] whether the process is gone, or is a zombie that is not our child
  def gone?(pid)
    File.read("/proc/#{pid}/stat").rpartition(")").last.split.first == "Z"
  rescue SystemCallError
    true
  end

  in_both_modes do |mode|
    it "leaves no request unanswered before, during or after it" do
      child = start(mode:)
      port = child.port
      idle = HttpClient.open(port)
      expect(idle.get("/pid").body.to_i).to eq(child.pid)
      busy = HttpClient.open(port).send_head("GET", "/wait?#{rendezvous.path}")
      visitor = rendezvous.next
      seen = concurrently do
        pids = [pid_of(child)]
        pids << pid_of(child) until pids.uniq.size == 2
        Array.new(20) { pids << pid_of(child) }
        pids
      end
      child.signal("USR2")
      expect(seen.value).to include(child.pid) # both processes accept until the new one is ready
      expect(idle.closed_by_server?).to be(true)
      visitor.answer("from the old one")
      expect(busy.read_response).to have_attributes(body: "from the old one", status: 200)
      expect(child.own_status.exitstatus).to eq(0)
      expect(pid_of(child)).not_to eq(child.pid)
      await_line(child, /\Akino: hot restart: process \d+ serves, this one finishes what it has begun$/)
      Process.kill("TERM", pid_of(child))
      expect(child.output.scan("listening: http://127.0.0.1:#{port}\n").size).to eq(2)
      expect(child.errors.lines.size).to eq(1)
    ensure
      [idle, busy].each { |client| client&.close }
    end

    it "can be repeated" do
      child = start("--pidfile", pidfile, mode:)
      pids = Array.new(3) do
        pid = pid_of(child)
        Process.kill("USR2", pid)
        eventually("another serves") { pid_of(child) != pid && gone?(pid) && Integer(File.read(pidfile)) != pid }
        pid
      end
      expect(pids.uniq.size).to eq(3)
      last = pid_of(child)
      Process.kill("TERM", last)
      eventually("it has ended") { gone?(last) }
      expect(File.exist?(pidfile)).to be(false)
      expect(child.errors.lines).to all(match(/\Akino: hot restart: process \d+ serves, this one/))
    end
  end

  it "keeps the old process if the new one does not boot, and can be retried" do
    child = start("--pidfile", pidfile)
    break_it
    2.times do |time|
      child.signal("USR2")
      eventually("it is said") { child.errors.scan(/^kino: hot restart failed: process/).size > time }
    end
    expect(child.errors.lines).to contain_exactly(
      *["kino: config.ru:1: not today (RuntimeError)\n"] * 2,
      *[match(/\Akino: hot restart failed: process \d+ ended with status 1; this one stays$/)] * 2
    )
    expect([pid_of(child), Integer(File.read(pidfile))]).to eq([child.pid] * 2)
    File.delete("#{@directory}/broken")
    child.signal("USR2")
    successor = await_successor(child)
    eventually("the pidfile is its own") { Integer(File.read(pidfile)) == successor }
  end

  it "stops a new process that takes too long" do
    child = start("--restart-timeout", "0.5")
    slow_down
    child.signal("USR2")
    line = await_line(child, /\Akino: hot restart failed: process \d+ was not ready after 0\.5 s; this one stays$/)
    eventually("it is stopped") { gone?(line[/\d+/].to_i) }
    expect(pid_of(child)).to eq(child.pid)
  end

  it "is refused while another one is under way" do
    child = start
    slow_down
    child.signal("USR2")
    visitor = rendezvous.next
    child.signal("USR2")
    await_line(child, /\Akino: no hot restart: one is under way already$/)
    visitor.answer
    expect(await_successor(child)).to eq(visitor.text.to_i)
    expect(child.own_status.exitstatus).to eq(0)
    expect(rendezvous.texts).to be_empty
  end

  it "is cancelled when the old process is told to stop" do
    child = start("--pidfile", pidfile)
    slow_down
    child.signal("USR2")
    successor = rendezvous.next.text.to_i
    child.signal("TERM")
    expect(child.own_status.exitstatus).to eq(0)
    eventually("both have ended") { gone?(successor) }
    expect([refused?(child.port), File.exist?(pidfile)]).to eq([true, false])
  end

  it "survives the death of the old process" do
    child = start("--pidfile", pidfile)
    slow_down
    child.signal("USR2")
    visitor = rendezvous.next
    child.signal("KILL")
    expect(child.own_status.termsig).to eq(9)
    visitor.answer
    expect(pid_of(child)).to eq(visitor.text.to_i)
    eventually("the pidfile is its own") { File.read(pidfile) == "#{visitor.text}\n" }
  end

  it "starts the release that the directory's symlink points to now" do
    %w[a b].each { |name| Dir.mkdir("#{@directory}/#{name}") }
    File.write("#{@directory}/a/config.ru", "run ->(_) { [200, {}, ['a']] }")
    File.write("#{@directory}/b/config.ru", "run ->(_) { [200, {}, ['b ' + ENV.keys.grep(/KINO/).inspect]] }")
    current = "#{@directory}/current"
    File.symlink("a", current)
    child = start(chdir: current, env: { "PWD" => current })
    expect(HttpClient.get(child.port).body).to eq("a")
    File.delete(current)
    File.symlink("b", current)
    child.signal("USR2")
    eventually("the other release serves") { HttpClient.get(child.port).body == "b []" }
  end

  it "works after the terminal is gone" do
    terminal, line = PTY.open
    rackup
    @child = Child.kino("-p", "0", "-w", "1", "-m", "threaded", chdir: @directory, env: { "PWD" => nil }, out: line)
    line.close
    terminal.timeout = Child::LIMIT
    port = Integer(terminal.gets[/\Alistening: .*:(\d+)\s/, 1] || next) until port
    terminal.close
    @child.signal("USR2")
    expect(@child.own_status.exitstatus).to eq(0)
    expect(HttpClient.get(port, "/pid").body.to_i).not_to eq(@child.pid)
    expect(@child.errors).to match(/\Akino: hot restart: process \d+ serves, .*\n\z/)
  end

  it "is refused if the working directory is gone" do
    gone = "#{@directory}/gone"
    Dir.mkdir(gone)
    child = start(chdir: gone)
    FileUtils.rm_r(gone)
    child.signal("USR2")
    await_line(child, /\Akino: no hot restart: No such file or directory/)
    expect(pid_of(child)).to eq(child.pid)
  end

  it "restarts a program that calls Server.run, with its options and arguments" do
    @child = Child.new(RbConfig.ruby, "-W0", "-I#{Child::ROOT}/lib", "-I#{Child::ROOT}/spec", "-e", <<~RUBY, "one", "2")
      require "kino"
      require "support/apps"
      puts [ARGV, $VERBOSE].inspect
      Kino::Server.run(Apps::Blocking, port: 0, workers: 1, mode: :threaded) do |server|
        puts "listening: \#{server.url}"
        $stdout.flush
      end
    RUBY
    @child.port
    @child.signal("USR2")
    Process.kill("TERM", await_successor(@child))
    expect(@child.output.scan(/^\[\["one", "2"\], nil\]$/).size).to eq(2)
  end
end
