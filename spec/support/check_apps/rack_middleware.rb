# frozen_string_literal: true

require "rack"
require "rack/session"

# Rack's own middleware around an app that can run. Rack::Builder does not freeze its stacks, so they are frozen here. A
# stack that holds a block cannot be deep-frozen.
module RackMiddleware
  # The app inside.
  module Hello
    def self.call(env)
      [200, { "content-type" => "text/plain" }, ["Hello #{env["PATH_INFO"]}"]]
    end
  end

  # Counts in the session.
  module Counter
    def self.call(env)
      env["rack.session"][:count] = env["rack.session"].fetch(:count, 0) + 1
      [200, { "content-type" => "text/plain" }, [env["rack.session"][:count].to_s]]
    end
  end

  # Uses Rack's own request and response.
  module Helpers
    def self.call(env)
      request = Rack::Request.new(env)
      response = Rack::Response.new([request.params.to_s, request.cookies.to_s, request.host, request.ip.to_s])
      response.set_cookie("seen", { value: "1", path: "/" })
      response.finish
    end
  end

  # Raises, for middleware that rescues.
  module Raises
    TABLE = {}

    def self.call(_env) = [200, {}, [TABLE.size.to_s]]
  end

  SECRET = "k" * 64

  def self.with(middleware, *arguments, app: Hello, **options)
    Ractor.make_shareable(Rack::Builder.app do
      use middleware, *arguments, **options
      run app
    end)
  end
end

{
  Rack::ContentLength => nil, Rack::ETag => /ETag/, Rack::ConditionalGet => nil, Rack::Deflater => nil,
  Rack::Head => nil, Rack::MethodOverride => nil, Rack::Runtime => /Runtime/, Rack::CommonLogger => /ip_filter/,
  Rack::ShowExceptions => nil, Rack::Lint => /Lint/, Rack::TempfileReaper => nil, Rack::ContentType => nil,
  Rack::Sendfile => nil
}.each do |middleware, blames|
  CheckApps.app(middleware.name, blames: blames || /Rack/) { RackMiddleware.with(middleware) }
end
CheckApps.app("Rack::Static", paths: ["/", "/page.txt"], blames: /Rack|Static|Files/) do
  Rack::Static.new(RackMiddleware::Hello, urls: ["/page.txt"], root: File.expand_path("public", __dir__)).freeze
end
# It fails at a constant of the session. The session is in the env, where a reader of code cannot see it.
CheckApps.app("Rack::Session::Cookie", blames: /Rack::Session/) do
  RackMiddleware.with(Rack::Session::Cookie, secret: RackMiddleware::SECRET, app: RackMiddleware::Counter)
end
CheckApps.app("Rack::Session::Pool", blames: /Mutex/) do
  Rack::Session::Pool.new(RackMiddleware::Counter).freeze
end
CheckApps.app("Rack::Request and Rack::Response", blames: /default_query_parser/) { RackMiddleware::Helpers }
CheckApps.app("Rack::Auth::Basic with a block", blames: /Proc|Basic/) do
  Rack::Builder.app do
    use(Rack::Auth::Basic) { |name, _password| name == "kino" }
    run RackMiddleware::Hello
  end
end
CheckApps.app("Rack::URLMap", paths: ["/", "/a"], blames: /default_query_parser/) do
  Ractor.make_shareable(Rack::URLMap.new("/a" => RackMiddleware::Hello, "/" => RackMiddleware::Helpers))
end
CheckApps.app("Rack::Cascade", blames: /Rack/) do
  Ractor.make_shareable(Rack::Cascade.new([RackMiddleware::Hello, RackMiddleware::Helpers]))
end
CheckApps.app("Rack::Files", paths: ["/page.txt"], blames: /Rack/) do
  Rack::Files.new(File.expand_path("public", __dir__)).freeze
end
CheckApps.app("Rack::ShowExceptions around what raises", blames: /TABLE|ShowExceptions/) do
  RackMiddleware.with(Rack::ShowExceptions, app: RackMiddleware::Raises)
end
CheckApps.app("Rack::Builder, as it comes", blames: /not frozen/) do
  Rack::Builder.app do
    use Rack::Runtime
    use Rack::ContentLength
    run RackMiddleware::Hello
  end
end
CheckApps.app("Rack::Builder, many at once", blames: /default_query_parser/) do
  Ractor.make_shareable(Rack::Builder.app do
    use Rack::Runtime
    use Rack::ConditionalGet
    use Rack::ETag
    use Rack::Head
    use Rack::ContentLength
    map("/hello") { run RackMiddleware::Hello }
    run RackMiddleware::Helpers
  end)
end
{ "plain.ru" => nil, "lambda.ru" => /Proc|lambda/, "constant.ru" => /GREETING/, "middleware.ru" => /Timer|frozen/ }
  .each do |file, blames|
    CheckApps.app("rackups/#{file}", blames:) do
      Rack::Builder.parse_file(File.expand_path("rackups/#{file}", __dir__))
    end
  end
