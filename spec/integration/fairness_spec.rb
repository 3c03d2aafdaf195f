# frozen_string_literal: true

require "support/integration"

# Threads of one VM lock, and who of them has a request while another runs.
RSpec.describe Kino::Worker do
  # @return [Array<Integer>] what many clients at a time were told
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
    # A thread that took a request before it had the lock kept its client waiting for all threads before it.
    it "leaves requests in the queue for the thread that runs, in #{mode} mode with dispatch #{dispatch}" do
      told = held(serve(Apps::Crowd, mode:, dispatch:, threads: 6)).sort
      # Some are held by a thread from which the VM has taken the lock.
      expect(told[told.size / 2]).to eq(1)
    end
  end
end
