# frozen_string_literal: true

require "support/protocol"

# RFC 9112 section 3.
RSpec.describe "HTTP/1.1 request lines" do
  in_both_modes do
    it_refuses(
      {
        "no target (RFC 9112 section 3)" => "GET HTTP/1.1\r\nHost: a\r\n\r\n",
        "two spaces" => "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        "a tab for a space" => "GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n",
        "a space before the method" => " GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "a space after the version" => "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
        "a space in the target" => "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
        "a single word" => "GET\r\n\r\n",
        "a method that is not a token (RFC 9112 section 3.1)" => "G(T / HTTP/1.1\r\nHost: a\r\n\r\n",
        "a NUL in the method" => "G\0T / HTTP/1.1\r\nHost: a\r\n\r\n",
        "a method that is not ASCII" => "G\u00c9T / HTTP/1.1\r\nHost: a\r\n\r\n",
        "a response" => "HTTP/1.1 200 OK\r\nHost: a\r\n\r\n"
      }, with: 400, as: :bad_request_line
    )

    describe "targets (RFC 9112 section 3.2)" do
      it_refuses(
        {
          "a fragment" => Protocol.get("/a#b"),
          "a fragment alone" => Protocol.get("/#"),
          "UTF-8" => Protocol.get("/\u00e9"),
          "bytes above 0x7f" => Protocol.get("/\xff".b),
          "a NUL" => Protocol.get("/a\0b"),
          "DEL" => Protocol.get("/a\x7fb"),
          "a path without its slash" => Protocol.get("a/b"),
          "the authority form for GET" => Protocol.get("a:80"),
          "* for GET (RFC 9112 section 3.2.4)" => Protocol.get("*"),
          "* for HEAD" => Protocol.request("HEAD", "*"),
          "* with a path for OPTIONS" => Protocol.request("OPTIONS", "*/x"),
          "an absolute form without a host (RFC 9112 section 3.2.2)" => Protocol.get("http:///x"),
          "an absolute form with userinfo" => Protocol.get("http://user@h/x"),
          "an absolute form with a comma in its host" => Protocol.get("http://a,b/x"),
          "an absolute form with a bad port" => Protocol.get("http://a:b/x"),
          "an absolute form with an open bracket" => Protocol.get("http://[::1/x"),
          "another scheme" => Protocol.get("ftp://h/x"),
          "an absolute form with one slash" => Protocol.get("http:/h/x"),
          "an absolute form with a fragment" => Protocol.get("http://h/x#y"),
          # Our checks must refuse and count everything that the parser would refuse after them.
          "< in a path (RFC 3986 section 2)" => Protocol.get("/a<b"),
          "> in a query" => Protocol.get("/?a>b"),
          "a quotation mark in a query" => Protocol.get("/?a\"b"),
          "a backtick in a path" => Protocol.get("/a`b"),
          "an encoded host in an absolute form" => Protocol.get("http://a%41/")
        }, with: 400, as: :bad_target
      )
      it_accepts(
        "characters that browsers do not encode" => Protocol.get("/a|b[c]^{d}\\?a|b[c]^{d}\\`"),
        "a percent sign that encodes nothing" => Protocol.get("/%zz?%"),
        "* for OPTIONS" => Protocol.request("OPTIONS", "*"),
        "an absolute form in any case" => Protocol.get("HTTP://EXAMPLE.org:80/x?y"),
        "an absolute form without a path" => Protocol.get("http://example.org"),
        "an absolute form with an IPv6 address" => Protocol.get("http://[::1]:8080/x")
      )
      it_refuses(
        {
          "a target beyond its limit (RFC 9110 section 15.5.15)" => Protocol.get("/#{"x" * 100}"),
          "a query beyond it" => Protocol.get("/?#{"x" * 99}"),
          "an absolute form beyond it" => Protocol.get("http://a/#{"x" * 100}"),
          "a target that never ends" => "GET /#{"x" * 10_000}"
        }, with: 414, as: :target_too_long, max_target_size: 100
      )
      it_refuses(
        {
          "a method beyond its limit" => Protocol.request("M" * 65, "/"),
          "a method that never ends" => "M" * 10_000,
          "a version that never ends" => "GET / #{"x" * 10_000}"
        }, with: 400, as: :bad_request_line, max_target_size: 100
      )
      it_accepts({ "a method of exactly the limit" => Protocol.request("M" * 64, "/") })
      it_accepts({ "a target of exactly the limit" => Protocol.get("/#{"x" * 99}") }, max_target_size: 100)
      it_accepts({ "a target of the largest possible size" => Protocol.get("/#{"x" * 65_533}") },
                 max_target_size: 65_534, max_head_size: 200_000)
      it_refuses(
        { "a target longer than the parser accepts" => Protocol.get("/#{"x" * 65_534}") },
        with: 414, as: :target_too_long, max_target_size: 65_534, max_head_size: 200_000
      )
    end

    it_refuses(
      {
        "CONNECT (RFC 9110 section 9.3.6)" => "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT with a path" => Protocol.request("CONNECT", "/")
      }, with: 501, as: :connect
    )

    describe "Host (RFC 9112 section 3.2, RFC 9110 section 7.2)" do
      {
        "no Host" => "",
        "an empty Host" => "Host:\r\n",
        "a Host of white space" => "Host: \t \r\n",
        "a second Host" => "Host: a\r\nHost: b\r\n",
        "the same Host twice" => "Host: a\r\nHost: a\r\n",
        "the same Host twice, in another case" => "Host: a\r\nX: y\r\nhOST: a\r\n",
        "userinfo" => "Host: user@a\r\n",
        "userinfo and password" => "Host: user:password@a\r\n",
        "a path" => "Host: a/b\r\n",
        "a scheme" => "Host: http://a\r\n",
        "a comma" => "Host: a,b\r\n",
        "a list" => "Host: a, b\r\n",
        "a space" => "Host: a b\r\n",
        "a query" => "Host: a?b\r\n",
        "a fragment" => "Host: a#b\r\n",
        "a backslash" => "Host: a\\b\r\n",
        "bytes above 0x7f" => "Host: \u00e9\r\n",
        "a port alone" => "Host: :80\r\n",
        "a port of letters" => "Host: a:b\r\n",
        "a port with a sign" => "Host: a:+80\r\n",
        "a port too high" => "Host: a:65536\r\n",
        "two ports" => "Host: a:80:80\r\n",
        "an IPv6 address without brackets" => "Host: ::1\r\n",
        "an open bracket" => "Host: [::1\r\n",
        "no address in brackets" => "Host: [a]\r\n",
        "text after the brackets" => "Host: [::1]a\r\n"
      }.each do |what, lines|
        it_refuses({ what => "GET / HTTP/1.1\r\n#{lines}\r\n".b }, with: 400, as: :bad_host)
      end
      it_refuses(
        {
          "an absolute form without a Host beside it" => "GET http://a/ HTTP/1.1\r\n\r\n",
          "an empty Host in HTTP/1.0" => "GET / HTTP/1.0\r\nHost:\r\n\r\n",
          "two Hosts in HTTP/1.0" => "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"
        }, with: 400, as: :bad_host
      )
      it_accepts(
        "a port" => "GET / HTTP/1.1\r\nHost: a.example:8080\r\n\r\n",
        "a colon without a port (RFC 9110 section 4.2.3)" => "GET / HTTP/1.1\r\nHost: a:\r\n\r\n",
        "an IPv6 address" => "GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n"
      )
    end
  end
end
