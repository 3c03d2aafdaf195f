# frozen_string_literal: true

require "support/protocol"

module Protocol
  # Keeps a request, and uses it during later requests.
  module Keepers
    extend Routes

    class << self
      def keep(env)
        Ractor.current[:protocol_kept] = env.values_at("kino.request", "rack.input")
        ok("kept")
      end

      def use(env)
        request, input = Ractor.current[:protocol_kept]
        GC.start
        note([request.disconnected?, outcome { input.read(1) }, outcome { request.call }, env["rack.input"].read])
        ok("used")
      end

      def wait_and_keep(env)
        keep(env)
        Thread.pass until env["kino.request"].disconnected?
        ok("to nobody")
      end

      def copy(env)
        request = env["kino.request"]
        note([outcome { request.dup }, outcome { request.clone }, outcome { request.class.allocate },
              outcome { request.class.new }, outcome { Marshal.dump(request) }, request.frozen?])
        ok("copied")
      end

      def many(env)
        kept = Ractor.current[:protocol_many] ||= []
        kept << env["kino.request"]
        note(kept.map(&:disconnected?).uniq) if kept.size == 300
        ok("one more")
      end
    end
  end
end

RSpec.describe "env['kino.request']" do
  in_both_modes do
    before { serve(Protocol::Keepers) }

    it "ends with its request even if the app keeps it, and reads nothing of the next request" do
      connect.exchange(Protocol.post("/keep", "first"))
      connect.exchange(Protocol.post("/use", "second"))
      expect(notes).to eq([[false, IOError, Kino::Error, "second"]])
    end

    it "still knows after its request that the client had left" do
      client = connect.write(Protocol.get("/wait-and-keep"))
      await_stats(in_flight: 1)
      client.close
      await_stats(in_flight: 0)
      connect.exchange(Protocol.post("/use", "second"))
      expect(notes).to eq([[true, nil, Kino::Error, "second"]])
    end

    it "cannot be copied or instantiated" do
      connect.get("/copy")
      expect(notes).to eq([[TypeError, TypeError, TypeError, TypeError, TypeError, false]])
    end

    it "can be kept for many requests" do
      client = connect
      300.times { expect(client.get("/many").status).to eq(200) }
      expect(notes).to eq([[false]])
    end
  end
end
