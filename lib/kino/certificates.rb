# frozen_string_literal: true

require "kino/config/tls"
require "kino/errors"

module Kino
  # Reads the files of a {Config::Tls}.
  #
  # @api private
  class Certificates
    # @param tls [Hash{Symbol => Object}] see {Config::Tls}
    # @param directory [String, nil] what relative paths are relative to; nil for the working directory of this moment,
    #   because the app may change it
    # @param http2 [Boolean] whether clients may choose HTTP/2
    def initialize(tls, http2:, directory: nil)
      @tls = tls
      @http2 = http2
      @directory = File.absolute_path(".", directory)
    end

    # @return [Hash{Symbol => Object}] for {Native}.start
    # @raise [ConfigError] if a file is missing or unreadable
    def read
      certificates = @tls[:certificates].map { |pair| [*pem(pair[:cert], "cert"), *pem(pair[:key], "key")] }
      { certificates:, verify: @tls[:verify].name, ca: @tls[:ca] && pem(@tls[:ca], "ca"), http2: @http2 }
    end

    private

    # @return [Array(String, String)] what errors call it, and the text
    def pem(value, option)
      return ["the inline #{option}", value] if Config::Tls.inline?(value)

      [value, File.binread(File.absolute_path(value, @directory))]
    rescue SystemCallError => e
      raise ConfigError, "tls: cannot read the #{option} #{value}: #{e.class.new.message}"
    end
  end
end
