# frozen_string_literal: true

require "support/child"
require "support/http_client"

RSpec.describe "early hints of a Rails app" do
  after { @child&.close }

  def start(*flags)
    @child = Child.kino("-p", "0", "-m", "threaded", *flags, "#{Child::ROOT}/spec/support/frameworks/rails/config.ru",
                        env: { "RACK_ENV" => "production", "RAILS_ENV" => nil })
    @child.port
  end

  it "name the style sheets that its view links to" do
    HttpClient.open(start("--early-hints", "on")) do |client|
      hints = client.send_head("GET", "/styled", "host" => "127.0.0.1").read_head
      expect([hints.status, hints.headers]).to eq([103, [["link", "</a.css>; rel=preload; as=style; nopush"]]])
      expect(client.read_response).to have_attributes(status: 200, body: include('href="/a.css"'))
    end
  end

  it "are not sent by default" do
    response = HttpClient.get(start, "/styled", "host" => "127.0.0.1")
    expect(response).to have_attributes(status: 200, body: include('href="/a.css"'))
  end
end
