# frozen_string_literal: true

require "support/integration"

# Which threads that share a VM lock hold a request while another one runs.
RSpec.describe Kino::Worker do
  # @return [Array<Integer>] the requests in flight that the app saw, with many concurrent clients
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
    # A thread that took a request before it had the lock kept the client waiting for all threads ahead of it.
    it "leaves requests in the queue for the thread that runs, in #{mode} mode with dispatch #{dispatch}" do
      told = held(serve(Apps::InFlight, mode:, dispatch:, threads: 6)).sort
      # A thread from which the VM has taken the lock holds one too, now and then.
      expect(told[told.size / 2]).to eq(1)
    end
  end
end
