# frozen_string_literal: true

require "cgi/escape"

# What Ruby refuses, and what it only seems to.
module Refusals
  LIST = %w[a b].freeze
  TABLE = { "a" => 1 }.freeze
  BAD = ["bad"]

  # It says that it is nil.
  class Absent
    def nil? = true
  end
  ABSENT = Absent.new.freeze

  # Methods that change what is frozen, but not so.
  module Harmless
    def self.call(_env)
      LIST.map!
      TABLE.select!
      bad = BAD.first unless ABSENT.nil?
      [200, {}, [CGI.unescape("a%20", "UTF-8"), LIST.sort_by!.class.name, bad.to_s, ABSENT.frozen?.to_s]]
    end
  end

  # A class that is opened by its full name: what is around its name is not around its code.
  module Around
    GREETING = "around".dup
    class Opened; end # rubocop:disable Lint/EmptyClass -- it is opened again
  end

  # And the other way around.
  module Farther
    FAREWELL = "fine"
    class Opened; end # rubocop:disable Lint/EmptyClass -- it is opened again
  end

  # With an argument that is refused.
  module Unescaped
    def self.call(_env) = [200, {}, [CGI.unescape("a%20")]]
  end

  # The timeout is one for all.
  module Timeout
    def self.call(_env)
      Regexp.timeout = 1.0
      [200, {}, ["hi"]]
    end
  end

  # A process of its own.
  module Forked
    def self.call(_env)
      IO.popen("-") { |pipe| pipe || exit!(true) }
      [200, {}, ["hi"]]
    end
  end

  # What there is of them.
  module Globals
    def self.call(_env) = [200, {}, [global_variables.size.to_s]]
  end

  # A class that the request has made is a class.
  module OwnClass
    def self.call(_env)
      Class.new.instance_variable_set(:@title, "hi")
      [200, {}, ["hi"]]
    end
  end

  # Another name of it.
  module Alias
    $stamp = "x"
    alias $mark $stamp

    def self.call(_env) = [200, {}, [$mark]]
  end
end

GREETING = "hi"
FAREWELL = ["bye"]

# By its full name, at the top.
class Refusals::Around::Opened # rubocop:disable Style/ClassAndModuleChildren -- that is the point
  def self.call(_env)
    # Where there is nothing to be done, nothing is refused.
    Refusals::LIST.delete("c")
    Refusals::LIST.delete_at(9)
    [200, {}, [GREETING]]
  end
end

# The same.
class Refusals::Farther::Opened # rubocop:disable Style/ClassAndModuleChildren -- that is the point
  def self.call(_env) = [200, {}, [FAREWELL.first]]
end

CheckApps.app("changes that change nothing") { Refusals::Harmless }
CheckApps.app("class opened by its full name, changes of what is not there") { Refusals::Around::Opened }
CheckApps.app("class opened by its full name, what is at the top", blames: /FAREWELL/) { Refusals::Farther::Opened }
CheckApps.app("CGI.unescape", blames: /CGI/) { Refusals::Unescaped }
CheckApps.app("Regexp.timeout=", blames: /timeout/) { Refusals::Timeout }
# Before that it works, or crashes.
CheckApps.app("IO.popen of itself", blames: /popen/) { Refusals::Forked } if RUBY_VERSION >= "4"
CheckApps.app("global_variables", blames: /global/) { Refusals::Globals }
CheckApps.app("instance variable of a class that was made", blames: /@title/) { Refusals::OwnClass }
# Ruby 3.4 never sets whether a Ractor may use such a name: it raises, or not, by what the memory held before.
CheckApps.app("alias of a global variable", blames: /\$mark/) { Refusals::Alias } if RUBY_VERSION >= "4"
