# frozen_string_literal: true

require "cgi/escape"

# Calls that Ruby refuses, and calls that it only seems to refuse.
module Refusals
  LIST = %w[a b].freeze
  TABLE = { "a" => 1 }.freeze
  BAD = ["bad"]

  # Claims to be nil.
  class Absent
    def nil? = true
  end
  ABSENT = Absent.new.freeze

  # Calls methods that change their receiver, in ways that change nothing.
  module Harmless
    def self.call(_env)
      LIST.map!
      TABLE.select!
      bad = BAD.first unless ABSENT.nil?
      [200, {}, [CGI.unescape("a%20", "UTF-8"), LIST.sort_by!.class.name, bad.to_s, ABSENT.frozen?.to_s]]
    end
  end

  # A class that is reopened by its full name below: its code does not see the constants of this module.
  module Around
    GREETING = "around".dup
    class Opened; end # rubocop:disable Lint/EmptyClass -- it is opened again
  end

  # The other way around.
  module Farther
    FAREWELL = "fine"
    class Opened; end # rubocop:disable Lint/EmptyClass -- it is opened again
  end

  # Leaves out the encoding, and a Ractor refuses the default.
  module Unescaped
    def self.call(_env) = [200, {}, [CGI.unescape("a%20")]]
  end

  # Sets the timeout, which is global.
  module Timeout
    def self.call(_env)
      Regexp.timeout = 1.0
      [200, {}, ["hi"]]
    end
  end

  # Forks a process.
  module Forked
    def self.call(_env)
      IO.popen("-") { |pipe| pipe || exit!(true) }
      [200, {}, ["hi"]]
    end
  end

  # Counts the global variables.
  module Globals
    def self.call(_env) = [200, {}, [global_variables.size.to_s]]
  end

  # Sets an instance variable of a class that the request has made.
  module OwnClass
    def self.call(_env)
      Class.new.instance_variable_set(:@title, "hi")
      [200, {}, ["hi"]]
    end
  end

  # Reads a global variable by another name.
  module Alias
    $stamp = "x"
    alias $mark $stamp

    def self.call(_env) = [200, {}, [$mark]]
  end
end

GREETING = "hi"
FAREWELL = ["bye"]

# Reopened by its full name, at the top level.
class Refusals::Around::Opened # rubocop:disable Style/ClassAndModuleChildren -- that is the point
  def self.call(_env)
    # Ruby refuses nothing if there is nothing to delete.
    Refusals::LIST.delete("c")
    Refusals::LIST.delete_at(9)
    [200, {}, [GREETING]]
  end
end

# Reopened in the same way.
class Refusals::Farther::Opened # rubocop:disable Style/ClassAndModuleChildren -- that is the point
  def self.call(_env) = [200, {}, [FAREWELL.first]]
end

CheckApps.app("changes that change nothing") { Refusals::Harmless }
CheckApps.app("class opened by its full name, changes of what is not there") { Refusals::Around::Opened }
CheckApps.app("class opened by its full name, what is at the top", blames: /FAREWELL/) { Refusals::Farther::Opened }
CheckApps.app("CGI.unescape", blames: /CGI/) { Refusals::Unescaped }
CheckApps.app("Regexp.timeout=", blames: /timeout/) { Refusals::Timeout }
# Before Ruby 4.0 it works, or crashes.
CheckApps.app("IO.popen of itself", blames: /popen/) { Refusals::Forked } if RUBY_VERSION >= "4"
CheckApps.app("global_variables", blames: /global/) { Refusals::Globals }
CheckApps.app("instance variable of a class that was made", blames: /@title/) { Refusals::OwnClass }
# Ruby 3.4 never sets whether a Ractor may use such a name. It raises or not, depending on uninitialised memory.
CheckApps.app("alias of a global variable", blames: /\$mark/) { Refusals::Alias } if RUBY_VERSION >= "4"
