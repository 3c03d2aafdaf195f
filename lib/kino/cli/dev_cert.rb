# frozen_string_literal: true

require "fileutils"
require "kino/errors"
require "kino/native"

module Kino
  class CLI
    # `kino --dev-cert`: makes a certificate for localhost, and says how to use it.
    class DevCert
      # Days that it is valid: browsers on Apple's systems accept no more than 825, and others may accept less.
      VALID = 397
      # Days after which the next call makes a new one.
      RENEWED = 365
      DAY = 24 * 60 * 60
      private_constant :DAY

      # @param out [IO] for what was made
      # @param env [Hash{String => String}, ENV]
      def initialize(out:, env: ENV)
        @out = out
        # XDG Base Directory Specification: what persists between starts, but is not worth a backup.
        home = env["XDG_STATE_HOME"].to_s.then { it.empty? ? File.join(Dir.home, ".local/state") : it }
        @certificate, @key = %w[crt key].map { |ending| File.join(home, "kino", "localhost.#{ending}") }
      end

      # Keeps a certificate that is there, unless it is about to expire: nobody should have to trust another each time.
      #
      # @return [void]
      # @raise [ConfigError] if the files cannot be written
      def call
        made = write unless fresh?
        @out.puts advice(made)
      end

      private

      def fresh? = [@certificate, @key].all? { |path| File.file?(path) && Time.now - File.mtime(path) < RENEWED * DAY }

      def write
        texts = Native.dev_certificate(date(Time.now - DAY), date(Time.now + (VALID * DAY)))
        FileUtils.mkdir_p(File.dirname(@certificate))
        [@certificate, @key].zip(texts, [0o644, 0o600]).each do |path, text, mode|
          FileUtils.rm_f(path) # its permissions would stay
          File.write(path, text, perm: mode)
        end
        true
      rescue SystemCallError => e
        raise ConfigError, "cannot write the certificate: #{e.message}"
      end

      def date(time) = time.utc.then { [it.year, it.month, it.day] }

      def advice(made)
        <<~TEXT
          certificate: #{@certificate} (#{"new, " if made}for localhost, 127.0.0.1 and ::1)
          key: #{@key}

          To serve with it:
            kino --tls cert=#{@certificate},key=#{@key}

          To trust it:
            curl             curl --cacert #{@certificate} https://localhost:9292/
            Debian, Ubuntu   sudo cp #{@certificate} /usr/local/share/ca-certificates/kino-localhost.crt &&
                             sudo update-ca-certificates
            Fedora           sudo trust anchor #{@certificate}
            Chrome on Linux  certutil -d sql:$HOME/.pki/nssdb -A -t P,, -n kino-localhost -i #{@certificate}
            macOS            security add-trusted-cert -p ssl #{@certificate}
            Firefox          accept its warning once

          The key is for this machine only. It is no authority's: whoever trusts the certificate trusts nothing else.
        TEXT
      end
    end
  end
end
