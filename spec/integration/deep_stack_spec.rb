# frozen_string_literal: true

require "support/integration"

# When the stack overflows, Ruby turns the fault into a SystemStackError and skips the frames in between. If a worker
# was driving connections in those frames, the server used to hang.
RSpec.describe "an app that waits when its stack is almost exhausted" do
  in_both_modes do
    %i[queue driven].each do |dispatch|
      context "with dispatch #{dispatch}" do
        let(:server) { serve(Apps::DeepStack, workers: 2, dispatch:) }

        # Other clients send requests while the block runs.
        def beside_others
          stop = false
          others = Array.new(4) do
            concurrently do
              HttpClient.open(server.port) do |client|
                answers = []
                answers << client.get("/alive").body until stop
                answers.uniq
              end
            end
          end
          yield
          stop = true
          expect(others.map(&:value)).to all(eq(["alive"]))
        end

        it "reads a body" do
          beside_others do
            client = connect(server).send_head("POST", "/read", "transfer-encoding" => "chunked")
            feeder = concurrently { loop { client.send_chunk("x") } }
            expect(client.read_response.body).to eq("back")
            feeder.kill.join
          end
          expect(HttpClient.get(server.port, "/alive").body).to eq("alive")
        end

        it "writes a stream" do
          beside_others do
            expect(HttpClient.get(server.port, "/write").body).to end_with("wback")
          end
          expect(HttpClient.get(server.port, "/alive").body).to eq("alive")
        end
      end
    end
  end
end
