# frozen_string_literal: true

require "sinatra"

# The first examples of Sinatra's README.
get("/frank-says") { "Put this in your pipe & smoke it!" }

get("/hello/:name") { "Hello #{params["name"]}!" }

get("/say/*/to/*") { params["splat"].join(" ") }

get(%r{/numbers/(\d+)}) { |number| "number #{number}" }

get("/posts.?:format?") { "posts as #{params["format"] || "html"}, #{params["title"]}" }

post("/posts") do
  status 201
  "made #{params["title"]}"
end

get("/old") { redirect to("/frank-says") }

get("/secret") { halt 401, "go away!" }

not_found { "This is nowhere to be found." }
