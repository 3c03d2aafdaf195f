# frozen_string_literal: true

require "support/integration"

RSpec.describe "responses" do
  in_both_modes do
    let(:server) { serve(Apps::Failures) }

    def get(path) = HttpClient.get(server.port, path)

    # Expects a 500 and that line in the log. The worker goes on.
    def expect_failure(path, line)
      client = connect(server)
      expect_error_page(client.get(path))
      expect(client.get("/fine").body).to eq("fine")
      expect(log).to match(line)
      expect(server.stats).to include(respawns: 0)
    end

    def expect_error_page(response)
      expect(response).to have_attributes(status: 500, body: "500 Internal Server Error\n")
      expect(response.headers.map(&:first)).to contain_exactly("content-type", "content-length", "date")
      expect(response["content-type"]).to eq("text/plain; charset=utf-8")
    end

    describe "status and headers" do
      it "accept a status from 200 to 599, and a String of digits" do
        [200, 299, 404, 599].each { |status| expect(get("/status?#{status}").status).to eq(status) }
        expect(get("/status?text").status).to eq(201)
      end

      %w[0 99 100 101 600 1000 -1 nil float].each do |status|
        it "refuse the status #{status}" do
          expect_failure("/status?#{status}", /\Akino: Kino::InvalidResponseError: the status must be an Integer/)
        end
      end

      it "keep their order and repetitions, and omit rack.* headers" do
        expect(get("/headers-many").headers.reject { |line| %w[date content-length].include?(line.first) }).to eq(
          [%w[x-b 1], ["set-cookie", "a=1; path=/"], ["set-cookie", "b=2"], %w[x-a 2]]
        )
      end

      it "have one date in HTTP's format" do
        dates = get("/fine").all("date")
        expect(dates).to match([/\A\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\z/])
      end

      it "convert values that are not Strings with to_s" do
        expect(get("/header-number")["x-number"]).to eq("42")
      end

      it "cannot announce a chunked body that is not chunked" do
        expect_failure("/transfer-encoding", /\Akino: Kino::InvalidResponseError: the body ends before its last chunk/)
      end

      { "0d0a" => "CR LF", "0a" => "LF", "0d" => "CR", "00" => "NUL", "7f" => "DEL",
        "610d0a0d0a3c68313e" => "a smuggled body" }.each do |bytes, name|
        it "refuse a header value with #{name}" do
          expect_failure("/header-value?#{bytes}", /\Akino: Kino::InvalidResponseError: the value of header x-bad/)
        end
      end

      { "" => "no characters", "20" => "a space", "613a62" => "a colon", "610d0a62" => "CR LF", "c3a4" => "an umlaut" }
        .each do |bytes, name|
        it "refuse a header name with #{name}" do
          expect_failure("/header-name?#{bytes}", /\Akino: Kino::InvalidResponseError: a header name must be a token/)
        end
      end

      it "refuse headers that are not a Hash, and names that are not Strings" do
        expect_failure("/headers-nil", /InvalidResponseError: the headers must be a Hash, got NilClass/)
        expect_failure("/header-symbol", /InvalidResponseError: a header name must be a String, got :bad/)
      end

      it "refuse a return value that is not a response" do
        expect_failure("/no-response", /\Akino: Kino::InvalidResponseError: /)
        expect_failure("/two-thirds", /^kino: Kino::InvalidResponseError: /)
      end
    end

    describe "an exception" do
      it "is logged with class, message, request line and backtrace" do
        expect_failure("/standard-error?a=b&c",
                       %r{\Akino: ArgumentError: two \| lines \(GET /standard-error\?a=b&c HTTP/1\.1\)\n})
      end

      it "is logged with its cause" do
        expect_failure("/with-cause",
                       /\Akino: RuntimeError: because of that \(.*^  caused by ArgumentError: invalid value/m)
      end

      it "is logged even if its message raises" do
        expect_failure("/mute", /\Akino: Apps::Failures::Mute: \(no message: RuntimeError\) \(GET/)
      end

      it "may be a ScriptError" do
        expect_failure("/not-implemented", /\Akino: NotImplementedError: some day \(GET/)
        expect_failure("/load-error", /^kino: LoadError: cannot load such file -- no/)
      end

      it "may be a SystemStackError" do
        expect_failure("/deep", /\Akino: SystemStackError: stack level too deep \(GET/)
      end

      it "may be an uncaught throw" do
        expect_failure("/toss", /\Akino: UncaughtThrowError: uncaught throw :nothing_catches_this \(GET/)
      end
    end
  end
end
