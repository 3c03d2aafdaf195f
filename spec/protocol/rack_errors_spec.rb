# frozen_string_literal: true

require "logger"
require "support/protocol"

module Protocol
  # Uses rack.errors as apps do.
  module Complainers
    extend Routes

    class << self
      # As Sinatra does for each request.
      def logger(env)
        logger = Logger.new(env["rack.errors"])
        logger.info("from a Logger")
        logger.reopen
        logger.close
        ok("ok")
      end

      def close(env)
        env["rack.errors"].close
        env["rack.errors"].sync = false
        ok("ok")
      end

      def reopen(env) = env["rack.errors"].reopen(File::NULL)

      def ways(env)
        errors = env["rack.errors"]
        errors << "one\n"
        errors.print("two\n")
        errors.printf("%<number>s\n", number: "three")
        errors.write("four\n", "five\n")
        ok([errors.sync, errors.closed?, errors.tty?, errors.fileno].inspect)
      end

      def raises(_env) = raise("on purpose")
    end
  end
end

# The error stream of Rack's SPEC.
RSpec.describe "rack.errors" do
  in_both_modes do
    before { serve(Protocol::Complainers) }

    it "is a Logger device, as Sinatra needs" do
      client = connect
      2.times { expect(client.get("/logger")).to have_attributes(status: 200, body: "ok") }
      expect(log.lines).to match([/INFO -- : from a Logger/] * 2)
    end

    it "behaves like an IO" do
      expect(connect.get("/ways").body).to eq("[true, false, false, 2]")
      expect(log).to eq("one\ntwo\nthree\nfour\nfive\n")
    end

    it "stays open for the server's log and other requests when the app closes it" do
      client = connect
      expect(client.get("/close").body).to eq("ok")
      expect(client.get("/raises").status).to eq(500)
      client.get("/logger")
      expect(log).to match(/\Akino: RuntimeError: on purpose.*from a Logger/m)
    end

    it "cannot be reopened, which would redirect the server's log" do
      client = connect
      expect(client.get("/reopen").status).to eq(500)
      expect(client.get("/raises").status).to eq(500)
      expect(log).to match(/NoMethodError: undefined method .reopen. .*Kino::Rack::Errors.*on purpose/m)
    end
  end
end
