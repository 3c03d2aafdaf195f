# frozen_string_literal: true

require "support/protocol"

module Protocol
  # Waits until its client has left.
  module Watchers
    extend Routes

    class << self
      def before_the_answer(env)
        watch(env)
        await(env)
        ok("to nobody")
      end

      def within_the_answer(env)
        watch(env)
        [200, HEADERS, lambda { |stream|
          stream << "begun"
          await(env)
          note(outcome { stream << "more" }.name)
        }]
      end

      def within_the_request(env)
        env["rack.input"].read
      rescue Kino::DisconnectedError
        note(env["kino.request"].disconnected?)
        raise
      end

      def here(env)
        [200, HEADERS, lambda { |stream|
          stream << env["kino.request"].disconnected?.to_s
          stream << stream.read(1)
          stream << env["kino.request"].disconnected?.to_s
        }]
      end

      private

      def await(env)
        Thread.pass until env["kino.request"].disconnected?
        note("left")
      end
    end
  end
end

RSpec.describe "clients that leave" do
  in_both_modes do
    before { serve(Protocol::Watchers) }

    %i[close reset].each do |how|
      it "are seen before the answer (#{how})" do
        client = connect.say(Protocol.get("/before-the-answer"))
        await_stats(in_flight: 1)
        client.public_send(how)
        expect(notes.first).to eq("left")
        await_stats(in_flight: 0, disconnects: 1)
        expect(log).to eq("")
      end

      it "are seen within it, and writing raises (#{how})" do
        client = connect.say(Protocol.get("/within-the-answer"))
        client.head
        client.chunk
        client.public_send(how)
        expect(notes.first(2)).to eq(%w[left Kino::DisconnectedError])
        await_stats(in_flight: 0, disconnects: 1)
        expect(log).to eq("")
      end
    end

    it "are seen within the request" do
      client = connect.say(Protocol.request("POST", "/within-the-request", "Content-Length: 5"))
      await_stats(in_flight: 1)
      client.close
      expect(notes).to eq([true])
    end

    it "are not seen where they stay" do
      client = connect.say(Protocol.request("POST", "/here", "Content-Length: 1"))
      client.head
      expect(client.chunk).to eq("false")
      expect(client.say("x").chunk + client.chunk).to eq("xfalse")
      expect(client.chunk).to be_nil
      expect(server.stats[:disconnects]).to eq(0)
    end

    it "are not served while they wait in the queue" do
      busy = connect.say(Protocol.request("POST", "/here", "Content-Length: 1"))
      busy.head
      queued = connect.say(Protocol.get("/before-the-answer"))
      await_stats(queued: 1)
      queued.close
      await_stats(disconnects: 1)
      busy.say("x")
      expect(notes - ["left", ["finished", true, 200, "Kino::DisconnectedError"],
                      ["finished", true, 200, nil]]).to eq([])
    end
  end
end
