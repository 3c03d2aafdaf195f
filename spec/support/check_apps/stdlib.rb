# frozen_string_literal: true

require "cgi/escape"
require "date"
require "digest"
require "erb"
require "json"
require "logger"
require "net/http"
require "optparse"
require "pathname"
require "securerandom"
require "tempfile"
require "time"
require "timeout"
require "uri"
require "yaml"
require "zlib"

# Apps that use Ruby's standard library, whether or not it runs in a Ractor.
module Stdlib
  # Each library has its own app, because each fails independently.
  module Json
    def self.call(_env) = [200, {}, [JSON.generate(JSON.parse('{"a":[1,null,"x"]}', symbolize_names: true))]]
  end

  module Times
    def self.call(_env)
      now = Time.now
      [200, {}, [now.strftime("%F %T"), now.iso8601, now.httpdate, Time.parse("2026-01-01 00:00:00").to_s]]
    end
  end

  module Dates
    def self.call(_env) = [200, {}, [Date.today.strftime("%F"), Date.parse("2026-01-01").next_day.iso8601]]
  end

  module Randoms
    def self.call(_env) = [200, {}, [SecureRandom.hex(8), SecureRandom.uuid, Random.rand(10).to_s, rand.to_s]]
  end

  module Formats
    def self.call(env)
      [200, {}, [format("%05.1f %s", env.size, :a), "é".unicode_normalize.encode("UTF-16LE").b, Integer("12").to_s,
                 "a,b".split(",").zip([1]).to_s, Comparable.name, [1].pack("N"), Rational("1/3").to_s]]
    end
  end

  module Digests
    def self.call(env) = [200, {}, [Digest::SHA256.hexdigest(env["PATH_INFO"]), Digest::MD5.base64digest("a")]]
  end

  module Uris
    def self.call(_env) = [200, {}, [URI.parse("http://a/b?c=d").host, URI.encode_www_form("a" => "b c")]]
  end

  module UriJoin
    def self.call(_env) = [200, {}, [URI.join("http://a/b/", "c").to_s, URI("http://a/").path]]
  end

  module Escapes
    def self.call(_env) = [200, {}, [CGI.escapeHTML("<a>"), CGI.escape("a b"), ERB::Util.html_escape("<")]]
  end

  module Http
    def self.call(_env)
      request = Net::HTTP::Get.new("/a", "accept" => "text/plain")
      [200, {}, [request.method, Net::HTTPResponse::CODE_TO_OBJ.fetch("200").name]]
    end
  end

  module Timeouts
    def self.call(_env) = [200, {}, [Timeout.timeout(5) { "in time" }]]
  end

  module Yaml
    def self.call(_env) = [200, {}, [YAML.dump(YAML.load("a: [1, x]"))]]
  end

  module OwnLogger
    def self.call(env)
      Logger.new(env["rack.errors"]).info("hi")
      [200, {}, ["hi"]]
    end
  end

  module OwnTemplate
    TEXT = "<h1><%= title %></h1>"

    def self.call(_env) = [200, {}, [ERB.new(TEXT, trim_mode: "-").result_with_hash(title: "Kino")]]
  end

  module Files
    def self.call(_env)
      Tempfile.create("kino") { |file| file.write("a") }
      [200, {}, [Pathname.new(__FILE__).basename.to_s, File.read(__FILE__).size.to_s, Dir.tmpdir]]
    end
  end

  module Zipped
    def self.call(_env) = [200, {}, [Zlib.gunzip(Zlib.gzip("a"))]]
  end

  module Options
    def self.call(_env) = [200, {}, [OptionParser.new { |options| options.on("-a") }.parse(%w[-a b]).join]]
  end
end

CheckApps.app("JSON", blames: /JSON/) { Stdlib::Json }
CheckApps.app("Time", blames: /Time|Date/) { Stdlib::Times }
CheckApps.app("Date", blames: /Date/) { Stdlib::Dates }
CheckApps.app("SecureRandom, Random, rand", blames: /Random|rand/) { Stdlib::Randoms }
CheckApps.app("format, encode, pack", blames: /Unicode/i) { Stdlib::Formats }
CheckApps.app("Digest", blames: /Digest/) { Stdlib::Digests }
CheckApps.app("URI.parse", blames: /URI|PARSER/) { Stdlib::Uris }
CheckApps.app("URI.join", blames: /URI|PARSER/) { Stdlib::UriJoin }
CheckApps.app("CGI and ERB escapes", blames: /CGI|ERB/) { Stdlib::Escapes }
CheckApps.app("Net::HTTP", blames: /Net::HTTP|HTTP/) { Stdlib::Http }
CheckApps.app("Timeout.timeout", blames: /Timeout/) { Stdlib::Timeouts }
CheckApps.app("YAML", blames: /YAML|Psych/) { Stdlib::Yaml }
CheckApps.app("Logger, made in the request", blames: /Logger/) { Stdlib::OwnLogger }
CheckApps.app("ERB, made in the request", blames: /ERB/) { Stdlib::OwnTemplate }
CheckApps.app("Tempfile, Pathname, File", blames: /Temp|Dir/) { Stdlib::Files }
CheckApps.app("Zlib", blames: /Zlib/) { Stdlib::Zipped }
CheckApps.app("OptionParser", blames: /OptionParser|OptParse/) { Stdlib::Options }
