# A file without the magic comment that freezes its strings.
module Unmarked
  TEXT = "hello"
  HEADERS = { "content-type" => "text/plain" }.freeze
  MARKED = "hello".freeze

  # A String that looks like a literal in any other file.
  module Text
    def self.call(_env) = [200, {}, [TEXT]]
  end

  # The key of the Hash is frozen, the value is not.
  module Headers
    def self.call(_env) = [200, HEADERS.dup, ["hi"]]
  end

  # A String frozen by hand, and literals inside a method, which are new each time.
  module Careful
    def self.call(_env) = [200, { "x-a" => "b" }, [MARKED, "and more"]]
  end
end

CheckApps.app("unmarked file, a String", blames: /TEXT/) { Unmarked::Text }
CheckApps.app("unmarked file, a Hash of Strings", blames: /HEADERS/) { Unmarked::Headers }
CheckApps.app("unmarked file, frozen by hand") { Unmarked::Careful }
