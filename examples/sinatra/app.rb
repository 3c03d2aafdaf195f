# frozen_string_literal: true

require_relative "sinatra_in_ractors"

# A Sinatra app as any other, but for the second line; its blocks may refer to no variable around them that cannot be
# shared.
class App < Sinatra::Base
  extend SinatraInRactors

  set :environment, :production
  set :greeting, "Hello"

  get("/") { "Sinatra #{Sinatra::VERSION} on #{Ractor.main? ? "threads" : "Ractors"}\n" }

  get("/whoami") { "#{Thread.current.name || Ractor.current.name}\n" }

  before { headers "x-served-by" => "Sinatra" }
  after { headers "x-status" => response.status.to_s }

  get("/squares/:number") { |number| number.match?(/\A\d+\z/) ? "#{number.to_i**2}\n" : pass }

  get(%r{/dates/(\d{4})-(\d\d)}) { |year, month| "#{month}/#{year}\n" }

  post("/greetings") do
    status 201
    headers "x-greeted" => "yes"
    "#{settings.greeting}, #{params.fetch("name", "you")}!\n"
  end

  get("/old") { redirect to("/") }

  not_found { "Nothing here.\n" }
end
