# frozen_string_literal: true

# Where Ruby looks a constant up: this depends on the code's place, not on its owner.
module CheckNesting
  LIST = ["list"]
  GOOD = "good"

  # A constant in the singleton class of the module.
  module Singleton
    class << self
      OWN = ["own"]

      def call(_env) = [200, {}, [OWN.first]]
    end
  end

  # A constant from a module that the singleton class includes.
  module Included
    # Holds the constant.
    module Holder
      HELD = ["held"]
    end

    class << self
      include Holder

      def call(_env) = [200, {}, [HELD.first]]
    end
  end

  # The method of one object: the constant is found in the module around the code.
  ONE = Object.new
  def ONE.call(_env) = [200, {}, [LIST.first]]
  ONE.freeze

  # The same, and nothing is wrong.
  OTHER = Object.new
  def OTHER.call(_env) = [200, {}, [GOOD]]
  OTHER.freeze

  # A handler in a constant.
  module Handler
    WORDS = ["word"]
    HANDLER = CheckApps.shareable { WORDS.first }

    def self.call(_env) = [200, {}, [HANDLER.call]]
  end

  # A class without a name.
  UNNAMED = Class.new do
    def self.call(_env) = [200, {}, [LIST.first]]
  end

  # A method from a String, whose constants are looked up in this module.
  module Evaluated
    NAMES = ["name"]
    # Has no constants of its own.
    module Inner; end
    module_eval "def Inner.call(_env) = [200, {}, [NAMES.first]]", __FILE__, __LINE__
  end

  # A constant that const_missing makes up.
  module Missing
    PARTS = ["part"]

    # Makes the constants up.
    module Maker
      def self.const_missing(name) = PARTS.first + name.to_s
    end

    def self.call(_env) = [200, {}, [Maker::THING]]
  end

  # The same, and nothing is wrong.
  module Made
    def self.const_missing(name) = name.name
    def self.call(_env) = [200, {}, [self::THING, Made::OTHER]]
  end

  # Asks for optional libraries, as gems do.
  module Asking
    def self.call(_env)
      text = defined?(::NoSuchLibrary) ? NoSuchLibrary.version : "none"
      text = NoSuchLibrary::Deep.version if defined?(NoSuchLibrary::Deep)
      text = CheckNesting::NoSuch.version if defined?(CheckNesting::NoSuch)
      [200, {}, [text]]
    end
  end

  # A constant that is looked up in the class of an object.
  class ByClass
    KIND = ["kind"]

    def read = self.class::KIND.first
    def self.call(_env) = [200, {}, [new.read]]
  end
end

CheckApps.app("constant of a singleton class", blames: /OWN/) { CheckNesting::Singleton }
CheckApps.app("constant of what a singleton class includes", blames: /HELD/) { CheckNesting::Included }
CheckApps.app("method of one object", blames: /LIST/) { CheckNesting::ONE }
CheckApps.app("method of one object, that reads what is frozen") { CheckNesting::OTHER }
CheckApps.app("shareable_proc in a constant", blames: /WORDS|HANDLER/) { CheckNesting::Handler }
CheckApps.app("class without a name", blames: /LIST/) { CheckNesting::UNNAMED }
CheckApps.app("method from a String in a module", blames: /NAMES/) { CheckNesting::Evaluated::Inner }
CheckApps.app("const_missing that reads what is not frozen", blames: /PARTS/) { CheckNesting::Missing }
CheckApps.app("const_missing") { CheckNesting::Made }
CheckApps.app("defined? of a library that is not there") { CheckNesting::Asking }
CheckApps.app("constant of self.class", blames: /KIND/) { CheckNesting::ByClass }
