# frozen_string_literal: true

require "pathname"
require "kino/config/types"

RSpec.describe Kino::Config::Types::Tls do
  subject(:type) { described_class.new }

  let(:pem) { "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n" }

  def coerce(value) = type.coerce(value) { |why| return why || :refused }

  def tls(*certificates, **others)
    { certificates: certificates.map { |cert, key| { cert:, key: } }, verify: :none, ca: nil, **others }
  end

  it "takes paths and texts, in Ruby and from a command line" do
    expect(coerce(cert: "a", key: Pathname("b"))).to eq(tls(%w[a b]))
    expect(coerce("cert" => pem, "key" => pem)).to eq(tls([pem, pem]))
    expect(coerce("cert=a=1,key=b")).to eq(tls(%w[a=1 b]))
    expect(coerce(["cert=a,key=b,verify=optional,ca=d", { cert: "c", key: "d" }]))
      .to eq(tls(%w[a b], %w[c d], verify: :optional, ca: "d"))
    expect(coerce("cert=a,key=b cert=c,key=d e")).to eq(tls(%w[a b], ["c", "d e"]))
    expect(coerce(cert: "a", key: "b", ca: nil)).to eq(tls(%w[a b]))
    expect([nil, "none", ["none"], [nil]].map { |given| coerce(given) }).to all(be_nil)
  end

  it "is the same when it is given again, and shareable" do
    value = coerce(cert: +"a", key: +"b", verify: "required", ca: +"c")
    expect(coerce(value)).to be(value)
    expect(Ractor.shareable?(value)).to be(true)
    expect(coerce(type.show(value))).to eq(value)
    expect(type.show(coerce(cert: pem, key: "k"))).to eq("cert=(PEM),key=k")
    expect(type.code(coerce([{ cert: "a", key: "b" }, { cert: "c", key: "d" }])))
      .to eq('{ cert: "a", key: "b" }, { cert: "c", key: "d" }')
  end

  it "says what is wrong" do
    {
      { cert: "a" } => "cert needs its key", { key: "a" } => "key needs its cert", { ca: "a" } => "there is no cert",
      { cert: "a", key: "" } => "key must be a path or a text in PEM",
      { cert: "a", key: "b\nc" } => "key must be a path or a text in PEM",
      { cert: 1, key: "b" } => "cert must be a path or a text in PEM",
      { cert: "a", key: "b", verify: :peer } => "verify cannot be :peer, but none, optional, required",
      { cert: "a", key: "b", verify: :optional } => "verify optional needs a ca",
      { cert: "a", key: "b", cipher: "c" } => "there is no option cipher, but cert, key, verify, ca",
      [{ cert: "a", key: "b", ca: "c" }, { cert: "a", key: "b", ca: "d" }] => "ca is there twice"
    }.each { |given, why| expect(coerce(given)).to eq(why) }
    [[{ cert: "a", key: "b" }, "none"], "cert=a,key=b,cert=c", "", "a", "cert", 1, [], [1]]
      .each { |given| expect(coerce(given)).to eq(:refused) }
  end
end
