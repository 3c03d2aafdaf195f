# frozen_string_literal: true

require "support/integration"

# Whether threads that share a VM lock hold requests while they wait for the lock.
RSpec.describe Kino::Worker do
  # @return [Array<Integer>] the numbers of requests in flight that the app saw, with many concurrent clients
  def held(server, clients: 12, requests: 20)
    id = server.instance_variable_get(:@id)
    threads = Array.new(clients) do
      concurrently do
        client = HttpClient.open(server.port)
        Array.new(requests) { Integer(client.get("/?#{id}").body) }
      ensure
        client&.close
      end
    end
    threads.flat_map(&:value)
  end

  modes = [%i[threaded queue], %i[threaded driven]]
  modes += [%i[ractor queue], %i[ractor driven]] if Kino::Ruby.four?
  modes.each do |mode, dispatch|
    # If a thread takes a request before it has the lock, the client waits for all threads ahead of it.
    it "leaves requests in the queue until a thread can run them, in #{mode} mode with dispatch #{dispatch}" do
      told = held(serve(Apps::InFlight, mode:, dispatch:, threads: 6)).sort
      # Now and then a thread that the VM has preempted holds a request too.
      expect(told[told.size / 2]).to eq(1)
    end
  end
end
