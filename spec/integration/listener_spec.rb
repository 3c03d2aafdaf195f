# frozen_string_literal: true

require "support/integration"

RSpec.describe "A server with the caller's listener" do
  in_both_modes do |_mode|
    it "serves it, reports its address, and leaves it open" do
      TCPServer.open("::1", 0) do |socket|
        server = serve(Apps::Blocking, listener: socket)
        expect(server.url).to eq("http://[::1]:#{socket.local_address.ip_port}")
        expect(HttpClient.open(server.port, host: "::1") { |client| client.get("/free").body }).to eq("free")
        server.shutdown
        expect(socket.accept_nonblock(exception: false)).to eq(:wait_readable)
        Socket.tcp("::1", server.port).close
        expect(socket.accept).to be_a(TCPSocket)
      end
    end
  end

  context "in threaded mode" do
    let(:mode) { :threaded }

    it "accepts its file descriptor too, and the caller may close the socket after the start" do
      socket = TCPServer.new("127.0.0.1", 0)
      server = serve(Apps::Blocking, listener: socket.fileno)
      socket.close
      expect(HttpClient.get(server.port, "/free").body).to eq("free")
      server.shutdown
      expect(refused?(server.port)).to be(true)
    end

    it "returns its own listener until it stops listening" do
      server = serve(Apps::Blocking)
      socket, = server.listeners
      expect(socket.local_address.ip_port).to eq(server.port)
      expect(socket.close_on_exec?).to be(true)
      server.shutdown
      expect(server.listeners).to be_empty
      expect(Kino::Server.new(Apps::Blocking, mode:).listeners).to be_empty
    ensure
      socket&.close
    end

    it "refuses a socket that does not listen or is closed" do
      Socket.open(:INET, :STREAM) do |socket|
        expect do
          serve(Apps::Blocking, listener: socket)
        end.to raise_error(Kino::BindError, /not a listening TCP or Unix socket/)
      end
      expect { serve(Apps::Blocking, listener: 9999) }.to raise_error(Kino::BindError, /file descriptor 9999/)
    end
  end
end
