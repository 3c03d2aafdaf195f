# frozen_string_literal: true

# The middleware of rack-protection, one by one.
module Frameworks
  FOREIGN = { "origin" => "http://evil.example", "referer" => "http://evil.example/" }.freeze
  HELLO = get("/", "hello GET")

  app :protection, "Rack::Protection", HELLO, post("/", "a=1", "Forbidden", status: 403, sent: FOREIGN),
      log: /attack prevented/, ractor: "reads `@forwarded_priority` of `Rack::Request`"
  app :protection, "Rack::Protection::AuthenticityToken", HELLO, post("/", "a=1", "Forbidden", status: 403),
      log: /attack prevented/
  app :protection, "Rack::Protection::ContentSecurityPolicy",
      get("/html", "html", headers: { "content-security-policy" => /default-src 'self'/ }), auto: :ractor
  app :protection, "Rack::Protection::CookieTossing",
      get("/", "Forbidden", status: 403, sent: { "cookie" => "rack.session=a; rack.session=b" }),
      ractor: "reads `@default_query_parser` of `Rack::Utils`"
  app :protection, "Rack::Protection::EscapedParams", get("/params?a=%3Cb%3E", "&lt;b&gt;"),
      ractor: "reads `@default_query_parser` of `Rack::Utils`", aided: [false, true]
  app :protection, "Rack::Protection::FormToken", HELLO, post("/", "a=1", "Forbidden", status: 403),
      log: /attack prevented/
  app :protection, "Rack::Protection::FrameOptions",
      get("/html", "html", headers: { "x-frame-options" => "SAMEORIGIN" }),
      ractor: "changes a frozen `Rack::Protection::FrameOptions`"
  app :protection, "Rack::Protection::HostAuthorization", HELLO,
      get("/", /not permitted/, status: 403, sent: { "host" => "evil.example" }),
      stack: -> { use Rack::Protection::HostAuthorization, permitted_hosts: ["127.0.0.1"] },
      ractor: "reads `@forwarded_priority` of `Rack::Request`", aided: true
  app :protection, "Rack::Protection::HttpOrigin", HELLO, post("/", "a=1", "Forbidden", status: 403, sent: FOREIGN),
      log: /attack prevented/, ractor: "reads `@forwarded_priority` of `Rack::Request`"
  app :protection, "Rack::Protection::IPSpoofing", HELLO,
      get("/", "Forbidden", status: 403, sent: { "x-forwarded-for" => "1.2.3.4", "client-ip" => "5.6.7.8" }),
      log: /attack prevented/
  app :protection, "Rack::Protection::JsonCsrf", get("/json", "[]"),
      get("/json", "Forbidden", status: 403, sent: { "referer" => "http://evil.example/" }),
      log: /attack prevented/, ractor: "reads `@forwarded_priority` of `Rack::Request`", aided: true
  app :protection, "Rack::Protection::PathTraversal", get("/x/../bare", "bare"), auto: :ractor
  app :protection, "Rack::Protection::ReferrerPolicy",
      get("/html", "html", headers: { "referrer-policy" => "strict-origin-when-cross-origin" }), auto: :ractor
  app :protection, "Rack::Protection::RemoteReferrer", HELLO, post("/", "a=1", "Forbidden", status: 403, sent: FOREIGN),
      log: /attack prevented/, ractor: "reads `@forwarded_priority` of `Rack::Request`", aided: true
  app :protection, "Rack::Protection::RemoteToken", HELLO, post("/", "a=1", "Forbidden", status: 403, sent: FOREIGN),
      log: /attack prevented/, ractor: "reads `@forwarded_priority` of `Rack::Request`", aided: true
  app :protection, "Rack::Protection::SessionHijacking", HELLO, get("/hijacked", "dropped")
  app :protection, "Rack::Protection::StrictTransport",
      get("/", "hello GET", headers: { "strict-transport-security" => /max-age/ }),
      ractor: "changes a frozen `Rack::Protection::StrictTransport`"
  app :protection, "Rack::Protection::XSSHeader",
      get("/html", "html", headers: { "x-xss-protection" => "1; mode=block" }), auto: :ractor
end
