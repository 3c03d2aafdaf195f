# frozen_string_literal: true

require "support/child"
require "support/integration"

# If all threads of a Ractor wait without a timeout, the VM takes this for a deadlock and raises in the main thread. An
# app whose threads all wait would look like a deadlock, so one of our threads always waits with a timeout.
RSpec.describe "an app whose threads all wait, in threaded mode" do
  it "does not look like a deadlock to the VM" do
    child = Child.ruby(<<~PROGRAM)
      require "kino"
      NEWS = Thread::Queue.new
      LOOKS = []
      app = ->(_env) { [200, {}, [NEWS.pop]] }
      trap("USR1") { $stdout.syswrite("look \#{LOOKS.push(0).size}: \#{NEWS.num_waiting} wait\n") }
      trap("USR2") { 2.times { NEWS << "news" } }
      server = Kino::Server.new(app, port: 0, workers: 1, threads: 2, mode: :threaded).start
      $stdout.syswrite("listening: \#{server.url}\n")
      server.wait
    PROGRAM
    clients = Array.new(2) { HttpClient.open(child.port).send_head("GET", "/") }
    looks = 0
    look = -> { child.signal("USR1") && child.line(/^look #{looks += 1}: (\d) wait$/)[1] }
    # Each signal interrupts the main thread; when it waits again, the VM checks for a deadlock.
    eventually("both wait") { look.call == "2" }
    3.times { expect(look.call).to eq("2") }
    child.signal("USR2")
    expect(clients.map { |client| client.read_response.body }).to eq(%w[news news])
    expect(child.errors).to eq("")
  ensure
    clients&.each(&:close)
    child&.close
  end
end

if RUBY_VERSION >= "4" # before 4.0 a Ractor has one thread
  RSpec.describe "an app whose threads all wait, in ractor mode" do
    it "does not look like a deadlock to the VM, which would end the worker" do
      server = serve(Apps::Deadlock, mode: :ractor, workers: 2, threads: 2)
      # All threads of one worker wait: two of the four threads.
      waiting = Array.new(2) { connect(server).send_head("GET", "/watch?#{rendezvous.path}&2") }
      waiting << connect(server).send_head("GET", "/watch?#{rendezvous.path}&2")
      expect(rendezvous.next.text).to eq("all wait")
      # Gives the VM time to check, while the fourth thread serves.
      100.times { expect(HttpClient.get(server.port, "/number").status).to eq(200) }
      expect(server.stats).to include(respawns: 0, in_flight: 3)
      server.shutdown(timeout: 0)
      expect(waiting.map { |client| client.read_response.status }).to all(eq(500))
    end
  end
end
