# frozen_string_literal: true

require "openssl"

# An authority that signs certificates for the specs.
class Authority
  DAY = 24 * 60 * 60

  # @return [String] its certificate, in PEM
  def pem = @certificate.to_pem

  # @param name [String]
  def initialize(name = "authority")
    @key = OpenSSL::PKey::EC.generate("prime256v1")
    @certificate = certificate(name, @key, "basicConstraints" => "CA:TRUE", "keyUsage" => "keyCertSign")
    @certificate.sign(@key, "SHA256")
  end

  # @param names [Array<String>] of hosts; the first is the common name
  # @param from [Integer] days from now
  # @param to [Integer] days from now
  # @return [Hash{Symbol => String}] `cert` and `key` in PEM
  def sign(*names, from: -1, to: 10, organization: nil)
    key = OpenSSL::PKey::EC.generate("prime256v1")
    hosts = names.reject { |name| name.include?(" ") }.map { |name| "DNS:#{name}" }
    extensions = hosts.any? ? { "subjectAltName" => hosts.join(",") } : {}
    signed = certificate(names.first, key, organization:, **extensions)
    signed.not_before = Time.now + (from * DAY)
    signed.not_after = Time.now + (to * DAY)
    signed.issuer = @certificate.subject
    signed.sign(@key, "SHA256")
    { cert: signed.to_pem, key: key.to_pem }
  end

  # @param version [Integer, nil] the only one that it speaks
  # @param verify [Boolean] whether it believes in this authority only
  # @param cert [String, nil] what it shows, in PEM
  # @return [OpenSSL::SSL::SSLContext] for a client
  def client(version: nil, verify: true, cert: nil, key: nil, store: OpenSSL::X509::Store.new.add_cert(@certificate))
    OpenSSL::SSL::SSLContext.new.tap do |context|
      context.cert_store = store
      context.verify_mode = verify ? OpenSSL::SSL::VERIFY_PEER : OpenSSL::SSL::VERIFY_NONE
      context.min_version = context.max_version = version if version
      context.add_certificate(OpenSSL::X509::Certificate.new(cert), OpenSSL::PKey.read(key)) if cert
    end
  end

  private

  def certificate(name, key, organization: nil, **extensions)
    OpenSSL::X509::Certificate.new.tap do |made|
      made.version = 2 # X.509 v3
      made.serial = OpenSSL::BN.rand(64)
      made.subject = made.issuer = OpenSSL::X509::Name.new([["CN", name], ["O", organization]].select(&:last))
      made.public_key = key
      made.not_before, made.not_after = [-DAY, 10 * DAY].map { Time.now + it }
      factory = OpenSSL::X509::ExtensionFactory.new(nil, made)
      extensions.each { |id, value| made.add_extension(factory.create_extension(id, value, true)) }
    end
  end
end
