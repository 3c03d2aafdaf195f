# A file without the comment that freezes its strings.
module Unmarked
  TEXT = "hello"
  HEADERS = { "content-type" => "text/plain" }.freeze
  MARKED = "hello".freeze

  # A String that looks like a literal of any other file.
  module Text
    def self.call(_env) = [200, {}, [TEXT]]
  end

  # A key of a Hash is frozen, a value is not.
  module Headers
    def self.call(_env) = [200, HEADERS.dup, ["hi"]]
  end

  # Frozen by hand, and literals within a method, which are new each time.
  module Careful
    def self.call(_env) = [200, { "x-a" => "b" }, [MARKED, "and more"]]
  end
end

CheckApps.app("unmarked file, a String", blames: /TEXT/) { Unmarked::Text }
CheckApps.app("unmarked file, a Hash of Strings", blames: /HEADERS/) { Unmarked::Headers }
CheckApps.app("unmarked file, frozen by hand") { Unmarked::Careful }
