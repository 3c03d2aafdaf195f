# frozen_string_literal: true

require "rack/builder"
require "rack/lint"
require "rack/mock_request"

RSpec.describe "examples/hello" do
  let(:app) { Rack::Builder.parse_file(File.expand_path("../../../examples/hello/config.ru", __dir__)) }
  let(:client) { Rack::MockRequest.new(Rack::Lint.new(app)) }

  it "can be shared between Ractors" do
    expect(Ractor.shareable?(app)).to be(true)
  end

  it "serves a page that says who served it" do
    answer = client.get("/")
    expect(answer.status).to eq(200)
    expect(answer.content_type).to start_with("text/html")
    expect(answer.body).to include("<dt>served by</dt><dd>thread ", "<dt>mode</dt><dd>threaded</dd>")
  end

  it "names the Ractor that serves" do
    env = { "REQUEST_METHOD" => "GET", "PATH_INFO" => "/whoami" }
    answers = in_ractor("kino-worker-7", env) { |request| Hello.call(request).last.join }
    expect(answers).to match(/\ARactor:#\d+ kino-worker-7\n\z/)
  end

  it "escapes what comes from the request" do
    env = Rack::MockRequest.env_for("/").merge("QUERY_STRING" => "<script>&\xff'\"".b)
    expect(app.call(env).last.join).to include("<dd>&lt;script&gt;&amp;?&#39;&quot;</dd>")
  end

  it "answers HEAD without a body, and with the length that GET has" do
    answer = client.request("HEAD", "/whoami")
    expect([answer.status, answer.body]).to eq([200, ""])
    expect(answer["content-length"].to_i).to be > 0
  end

  it "answers 404 to other paths" do
    expect(client.get("/nowhere").status).to eq(404)
    expect(client.post("/")).to have_attributes(status: 405, headers: include("allow" => "GET, HEAD"))
  end

  def in_ractor(name, argument, &)
    app # the example's constants must be there before the Ractor looks for them
    experimental = Warning[:experimental]
    Warning[:experimental] = false
    ractor = Ractor.new(argument, name:, &)
    ractor.respond_to?(:value) ? ractor.value : ractor.take
  ensure
    Warning[:experimental] = experimental
  end
end
