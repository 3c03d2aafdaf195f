# frozen_string_literal: true

require "support/child"
require "support/integration"

RSpec.describe "Kino::Server.run" do
  in_both_modes do |_mode|
    # Serves Apps::Blocking, and prints the address and the outcome.
    def start(before: "", listening: "")
      @child = Child.ruby(<<~RUBY)
        require "kino"
        require "support/apps"
        #{before}
        stopped = Kino::Server.run(Apps::Blocking, port: 0, workers: 2, threads: 1, mode: :#{mode}) do |server|
          puts "listening: \#{server.url}"
          $stdout.flush
          #{listening}
        end
        puts "served \#{stopped.stats[:served]}"
      RUBY
    end

    after { @child&.close }

    %w[INT TERM QUIT].each do |signal|
      it "stops on #{signal}, and returns" do
        child = start
        expect(HttpClient.get(child.port, "/free").body).to eq("free")
        child.signal(signal)
        expect(child.status.exitstatus).to eq(0)
        expect(child.output).to end_with("served 1\n")
        expect(child.errors).to eq("")
      end

      it "lets a request in flight finish on #{signal}" do
        child = start
        client = HttpClient.open(child.port).send_head("GET", "/wait?#{rendezvous.path}")
        visitor = rendezvous.next
        child.signal(signal)
        eventually("the port is refused") { refused?(child.port) }
        visitor.answer("finished")
        expect(client.read_response.body).to eq("finished")
        expect(child.status.exitstatus).to eq(0)
        expect(child.output).to end_with("served 1\n")
      ensure
        client&.close
      end

      it "exits at once with 1 on a second #{signal}" do
        child = start
        client = HttpClient.open(child.port).send_head("GET", "/wait?#{rendezvous.path}")
        rendezvous.next
        child.signal("TERM")
        eventually("the port is refused") { refused?(child.port) }
        child.signal(signal)
        expect(child.status.exitstatus).to eq(1)
        expect { client.read_response }.to raise_error(HttpClient::Broken)
        expect(child.output).not_to include("served")
      ensure
        client&.close
      end
    end

    it "writes one line of stats on USR1" do
      child = start
      expect(HttpClient.get(child.port, "/free").body).to eq("free")
      child.signal("USR1")
      eventually("the line is there") { child.errors.end_with?("\n") }
      expect(child.errors).to match(/\A.*\bmode=#{mode}\b.*\bserved=1\b.*\n\z/)
    end

    it "runs the reload hooks on each HUP, and keeps serving" do
      child = start(listening: <<~HOOK)
        server.on_reload { Rendezvous.tell("#{rendezvous.path}", "reloaded") }
      HOOK
      child.port
      2.times do
        child.signal("HUP")
        expect(rendezvous.next.text).to eq("reloaded")
      end
      expect(HttpClient.get(child.port, "/free").body).to eq("free")
    end

    it "adds a worker on TTIN and removes one on TTOU" do
      child = start
      child.port
      child.signal("TTIN")
      eventually("it is said") { child.errors.lines.grep("kino: TTIN: 3 workers\n").any? }
      child.signal("TTOU")
      eventually("it is said") { child.errors.lines.grep("kino: TTOU: 2 workers\n").any? }
      expect(HttpClient.get(child.port, "/free").body).to eq("free")
    end

    it "stops when another thread shuts the server down, and restores the signal handlers" do
      child = start(before: <<~BEFORE, listening: "Thread.new { server.shutdown }")
        mine = proc { }
        trap("INT", mine)
        at_exit { puts trap("INT", "DEFAULT").equal?(mine) }
      BEFORE
      expect(child.status.exitstatus).to eq(0)
      expect(child.output).to end_with("served 0\ntrue\n")
    end

    it "does not stop if the app calls exit" do
      child = start(before: "module Apps::Blocking; def self.leave(_env) = exit(3); end")
      expect(HttpClient.get(child.port, "/leave").status).to eq(500)
      expect(HttpClient.get(child.port, "/free").body).to eq("free")
      child.signal("TERM")
      expect(child.status.exitstatus).to eq(0)
      expect(child.errors).to match(/\Akino: kino-worker-\d died and is replaced: SystemExit: exit\n(    .*\n)+\z/)
    end
  end
end
