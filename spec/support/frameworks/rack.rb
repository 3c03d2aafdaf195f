# frozen_string_literal: true

# Rack's own middleware, one by one, in front of Frameworks::Inner.
module Frameworks
  # The folder that files are served from.
  PUBLIC = File.expand_path("../check_apps/public", __dir__).freeze
  PAGE = /\AS/

  app :rack, "Rack::Auth::Basic",
      get("/", /Unauthorized|\A\z/, status: 401, headers: { "www-authenticate" => /\ABasic realm="here"/ }),
      get("/", "hello GET", sent: { "authorization" => "Basic #{["kino:secret"].pack("m0")}" }),
      stack: -> { use(Rack::Auth::Basic, "here") { |name, word| [name, word] == %w[kino secret] } },
      ractor: "holds a block"
  app :rack, "Rack::Cascade", get("/page.txt", PAGE), get("/", "hello GET"),
      stack: -> { run Rack::Cascade.new([Rack::Files.new(PUBLIC), Inner]) }, ractor: "holds a block"
  app :rack, "Rack::CommonLogger", get("/", "hello GET"),
      log: %r{"GET / HTTP/1.1" 200}, ractor: "reads `@ip_filter` of `Rack::Request`", aided: true
  app :rack, "Rack::ConditionalGet", get("/tagged", "tagged"),
      get("/tagged", "", status: 304, sent: { "if-none-match" => '"a"' }), auto: :ractor
  app :rack, "Rack::Config", get("/note", "from a block"),
      stack: -> { use(Rack::Config) { |env| env["spec.note"] = "from a block" } }, ractor: "holds a block"
  app :rack, "Rack::ContentLength", get("/", "hello GET", headers: { "content-length" => "9" }),
      ractor: "reads the constant `Rack::Utils::STATUS_WITH_NO_ENTITY_BODY`", aided: true
  app :rack, "Rack::ContentType", get("/bare", "bare", headers: { "content-type" => "text/html" }),
      ractor: "reads the constant `Rack::Utils::STATUS_WITH_NO_ENTITY_BODY`", aided: true
  app :rack, "Rack::Deflater",
      get("/", /\A\x1F/, sent: { "accept-encoding" => "gzip" }, headers: { "content-encoding" => "gzip" }),
      ractor: "reads the constant `Rack::Utils::STATUS_WITH_NO_ENTITY_BODY`", aided: true
  app :rack, "Rack::Directory", get("/", /page\.txt/), get("/page.txt", PAGE),
      get("/nowhere", /not found/i, status: 404),
      stack: -> { run Rack::Directory.new(PUBLIC) }, ractor: "holds a block"
  app :rack, "Rack::ETag", get("/", "hello GET", headers: { "etag" => %r{\AW/"\h+"\z} }), auto: :ractor
  app :rack, "Rack::Events", get("/", "hello GET", headers: { "x-handled" => "yes" }),
      stack: -> { use Rack::Events, [Handler.new] }, auto: :ractor
  app :rack, "Rack::Files", get("/page.txt", PAGE),
      get("/page.txt", "S", status: 206, sent: { "range" => "bytes=0-0" }),
      get("/nowhere", /not found/i, status: 404), stack: -> { run Rack::Files.new(PUBLIC) }, ractor: "holds a block"
  app :rack, "Rack::Head", get("/", "hello GET"), Call.new(verb: "HEAD", path: "/", body: ""), auto: :ractor
  app :rack, "Rack::Lint", get("/", "hello GET"), post("/twice", "a=1", "a=1"),
      ractor: "reads the constant `Rack::Utils::STATUS_WITH_NO_ENTITY_BODY`"
  app :rack, "Rack::Lock", get("/", "hello GET"), ractor: "holds a `Thread::Mutex`"
  app :rack, "Rack::MethodOverride", post("/", "_method=put", "hello PUT"), get("/", "hello GET"),
      ractor: "reads the constant `Rack::MethodOverride::ALLOWED_METHODS`"
  app :rack, "Rack::NullLogger", get("/log", "hello GET"), auto: :ractor
  app :rack, "Rack::Recursive", get("/forward", "hello GET"), auto: :ractor
  app :rack, "Rack::Reloader", get("/", "hello GET"),
      stack: -> { use Rack::Reloader, 0 }, ractor: "holds a `Thread::Mutex`"
  app :rack, "Rack::RewindableInput::Middleware", post("/twice", "a=1", "a=1a=1"),
      auto: %i[threaded ractor], ractor: ["calls a method that was made of a block", nil]
  app :rack, "Rack::Runtime", get("/", "hello GET", headers: { "x-runtime" => /\A\d+\.\d+\z/ }), auto: :ractor
  app :rack, "Rack::Sendfile", get("/file", "", headers: { "x-sendfile" => /page\.txt\z/ }),
      stack: -> { use Rack::Sendfile, "x-sendfile" }, auto: :ractor
  app :rack, "Rack::ShowExceptions", get("/", "hello GET"),
      get("/raise", /RuntimeError.*sorry/m, status: 500, sent: { "accept" => "text/html" }),
      log: /sorry/, ractor: "reads the constant `Rack::ShowExceptions::TEMPLATE`"
  app :rack, "Rack::ShowStatus", get("/missing", /Not Found/, status: 404),
      ractor: "reads the constant `Rack::Utils::HTTP_STATUS_CODES`", aided: [false, true]
  app :rack, "Rack::Static", get("/page.txt", PAGE), get("/", "hello GET"),
      stack: -> { use Rack::Static, urls: ["/page.txt"], root: PUBLIC }, ractor: "holds a block"
  app :rack, "Rack::TempfileReaper", get("/tempfile", "hello GET"), log: /reaped/, auto: :ractor
  app :rack, "Rack::URLMap", get("/inner", "hello GET"), get("/", /Not Found/, status: 404),
      stack: -> { run Rack::URLMap.new("/inner" => Inner) }, auto: :ractor

  app :sessions, "Rack::Session::Cookie", get("/count", lambda(&:to_s)),
      stack: -> { use Rack::Session::Cookie, secret: "k" * 64 },
      ractor: "reads the constant `Rack::Session::Abstract::SessionHash::Unspecified`"
  app :sessions, "Rack::Session::Pool", get("/count", lambda(&:to_s)), ractor: "holds a `Thread::Mutex`"
end
