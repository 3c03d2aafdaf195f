# frozen_string_literal: true

require "support/protocol"

# RFC 9112 section 5.
RSpec.describe "HTTP/1.1 header lines" do
  in_both_modes do
    it_refuses(
      {
        "white space before the colon (RFC 9112 section 5.1)" => Protocol.get("/", "X : y"),
        "a tab before the colon" => Protocol.get("/", "X\t: y"),
        "white space before the colon of Content-Length" => Protocol.get("/", "Content-Length : 5"),
        "a folded line (RFC 9112 section 5.2)" => Protocol.get("/", "X: a", " b"),
        "a line folded by a tab" => Protocol.get("/", "X: a", "\tb"),
        "a folded line that looks like a header" => Protocol.get("/", "X: a", " Transfer-Encoding: chunked"),
        "a line without a colon" => Protocol.get("/", "X"),
        "an empty name" => Protocol.get("/", ": y"),
        "a name that is not a token (RFC 9110 section 5.6.2)" => Protocol.get("/", "X(Y): z"),
        "a name that is not ASCII" => Protocol.get("/", "X\u00e9: z"),
        "a NUL in a name" => Protocol.get("/", "X\0: y"),
        "a NUL in a value (RFC 9110 section 5.5)" => Protocol.get("/", "X: a\0b"),
        "a control character in a value" => Protocol.get("/", "X: a\x01b"),
        "DEL in a value" => Protocol.get("/", "X: a\x7fb")
      }, with: 400, as: :bad_header
    )
    it_accepts(
      "an empty value" => Protocol.get("/", "X:", "Y: "),
      "white space around a value" => Protocol.get("/", "X: \t a \t "),
      "bytes above 0x7f in a value" => Protocol.get("/", "X: \xff\u00e9".b),
      "every character of a token" => Protocol.get("/", "!#$%&'*+-.^_`|~09azAZ: x")
    )
    it_refuses(
      {
        "more lines than the limit (RFC 6585 section 5)" => Protocol.get("/", *Array.new(5) { "X-#{it}: y" }),
        "more lines than the limit, all with one name" => Protocol.get("/", *["X: y"] * 5),
        "more lines before the head has ended" => "GET / HTTP/1.1\r\n#{"X: y\r\n" * 6}"
      }, with: 431, as: :too_many_headers, max_headers: 5
    )
    it_accepts({ "lines up to the limit" => Protocol.get("/", *["X: y"] * 4) }, max_headers: 5)
    it_refuses(
      {
        "a head beyond its limit (RFC 6585 section 5)" => Protocol.get("/", "X: #{"y" * 1100}"),
        "a head of many lines beyond its limit" => Protocol.get("/", *Array.new(60) { "X-#{it}: 0123456789" }),
        "a head that never ends" => "GET / HTTP/1.1\r\nX: #{"y" * 10_000}"
      }, with: 431, as: :head_too_large, max_head_size: 1024
    )
    it_refuses(
      { "a name longer than the parser accepts" => Protocol.get("/", "#{"x" * 70_000}: y") },
      with: 431, as: :head_too_large, max_head_size: 200_000
    )
    it_accepts({ "a large head within its limit" => Protocol.get("/", "X: #{"y" * 500_000}") }, max_head_size: 2**20)
  end
end
