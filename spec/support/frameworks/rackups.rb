# frozen_string_literal: true

# Frameworks as in their tutorials, and the variants in examples/.
module Frameworks
  app :rackups, "Sinatra, classic",
      get("/frank-says", "Put this in your pipe & smoke it!"),
      get("/hello/Frank?x=1", "Hello Frank!"),
      get("/say/hello/to/world", "hello world"),
      get("/numbers/42", "number 42"),
      get("/posts.json?title=a%20b", "posts as json, a b"),
      post("/posts", "title=one", "made one", status: 201),
      get("/old", "", status: 302, headers: { "location" => %r{/frank-says\z} }),
      get("/secret", "go away!", status: 401),
      get("/nowhere", "This is nowhere to be found.", status: 404),
      rackup: "sinatra/classic/config.ru", ractor: "calls a method that was made of a block"

  app :rackups, "Sinatra, modular",
      get("/", "Hello from MyApp", headers: { "x-note" => "Hi!" }),
      get("/pages/foo", "foobar"),
      get("/data", '{"a":1}', headers: { "content-type" => "application/json" }),
      get("/missing", /./, status: 404),
      get("/wrong", "wrong: no", status: 400),
      rackup: "sinatra/modular/config.ru", ractor: "calls a method that was made of a block"

  app :rackups, "Sinatra with views",
      get("/", %r{<title>Index</title>.*<li>Frank</li>\n<li>Nancy</li>}m),
      get("/inline", "inline 2"),
      get("/text?q=x", "text x"),
      rackup: "sinatra/views/config.ru", ractor: "calls a method that was made of a block"

  app :rackups, "Sinatra with logging", get("/", "logged"),
      rackup: "sinatra/logging/config.ru",
      log: %r{loading data.*"GET / HTTP/1.1" 200}m, ractor: "calls a method that was made of a block"

  app :rackups, "Sinatra with sessions",
      get("/", ->(round) { "value = #{round == 1 ? "nil" : '"one"'}" }),
      get("/one", "one"),
      get("/", 'value = "one"'),
      rackup: "sinatra/sessions/config.ru", ractor: "calls a method that was made of a block"

  app :rackups, "Sinatra, streaming",
      get("/", "It's gonna be legen -\n (wait for it) \n- dary!\n", headers: { "transfer-encoding" => "chunked" }),
      get("/events", "data: 0\n\ndata: 1\n\ndata: 2\n\n", headers: { "content-type" => %r{\Atext/event-stream} }),
      rackup: "sinatra/streaming/config.ru", ractor: "calls a method that was made of a block"

  app :rackups, "sinatra-contrib: json, cookies, namespace",
      get("/api/items", '[{"id":1,"name":"one"}]', headers: { "content-type" => "application/json" }),
      get("/visits", lambda(&:to_s)),
      rackup: "sinatra/contrib/config.ru", ractor: "calls a method that was made of a block"

  app :rackups, "Sinatra of examples/sinatra",
      get("/", /\ASinatra \d/, headers: { "x-served-by" => "Sinatra" }),
      get("/squares/12", "144\n"),
      post("/greetings", "name=Ada", "Hello, Ada!\n", status: 201),
      get("/nowhere", "Nothing here.\n", status: 404),
      rackup: "examples/sinatra/config.ru", auto: %i[threaded ractor]

  app :rackups, "Roda",
      get("/", "", status: 302, headers: { "location" => "/hello" }),
      get("/hello/world", "Hello world!"),
      get("/hello", "Hello!"),
      post("/hello", "a=1", "", status: 302),
      get("/post/12", "post 12"),
      get("/search/kino?page=2", "search kino 2"),
      get("/dates/2026-12", "12/2026"),
      get("/nowhere", "", status: 404),
      rackup: "roda/hello/config.ru", ractor: "calls a method that was made of a block"

  app :rackups, "Roda, render",
      get("/", "<title>Index</title><p>index</p>\n\n"),
      get("/part?name=Ada%20%26%20co", "<b>Ada &amp; co</b>\n"),
      get("/inline", "inline 2"),
      rackup: "roda/render/config.ru", ractor: "calls a method that was made of a block"

  app :rackups, "Roda, json and json_parser",
      get("/items", '[{"id":1},{"id":2}]', headers: { "content-type" => "application/json" }),
      post("/items", '{"name":"one"}', '{"made":"one"}', sent: { "content-type" => "application/json" }),
      Call.new(verb: "DELETE", path: "/items", body: '{"deleted":true}'),
      rackup: "roda/json/config.ru", ractor: "calls a method that was made of a block"

  app :rackups, "Roda, sessions, flash and route_csrf",
      get("/", ->(round) { round == 1 ? "visits 1 " : "visits 3 " }),
      get("/form", /./),
      post("/note", "_csrf={}", "", status: 302),
      get("/", ->(round) { round == 1 ? "visits 2 noted" : "visits 4 noted" }),
      rackup: "roda/sessions/config.ru", ractor: "calls a method that was made of a block"

  app :rackups, "Roda, halt, not_found and error_handler",
      get("/status", "", status: 403),
      get("/body", "done"),
      get("/all", "forbidden", status: 403, headers: { "x-why" => "closed" }),
      get("/wrong", "wrong: no", status: 400),
      get("/nowhere", "nowhere", status: 404),
      rackup: "roda/halt/config.ru", ractor: "calls a method that was made of a block"

  app :rackups, "Roda, hash_routes",
      get("/about", "about"), get("/users/12", "user 12"), get("/users/all", "all users"),
      get("/nowhere", "", status: 404),
      rackup: "roda/hash_routes/config.ru", ractor: "calls a method that was made of a block"

  app :rackups, "Roda, streaming",
      get("/", "one\ntwo\nthree\n", headers: { "transfer-encoding" => "chunked" }),
      get("/loop", "3\n2\n1\n"),
      rackup: "roda/streaming/config.ru", ractor: "calls a method that was made of a block"

  app :rackups, "Roda of examples/roda",
      get("/", /\ARoda \d/),
      get("/squares/12", "144\n"),
      get("/dates/2026-12", "12/2026\n"),
      post("/greetings", "name=Ada", "Hello, Ada!\n", status: 201),
      rackup: "examples/roda/config.ru", auto: :ractor

  app :rails, "Rails, a single file",
      get("/", "Home"),
      get("/hello/Ada", "<b>Ada</b>", headers: { "content-type" => %r{\Atext/html} }),
      get("/data", '{"id":1,"tags":["a","b"]}', headers: { "content-type" => %r{\Aapplication/json} }),
      get("/visits", ->(round) { round == 1 ? "visits 1 " : "visits 3 " }),
      get("/form", /./),
      post("/posts", "title=one&authenticity_token={}", "", status: 302),
      get("/visits", ->(round) { round == 1 ? "visits 2 one" : "visits 4 one" }),
      get("/old", "", status: 302),
      get("/nowhere", "", status: 404),
      get("/stream", "data: 0\n\ndata: 1\n\ndata: 2\n\n"),
      rackup: "rails/config.ru", log: /Completed 200 OK/, ractor: "its app, a `TestApp`, cannot be shared"
end
