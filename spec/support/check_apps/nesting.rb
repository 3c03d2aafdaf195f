# frozen_string_literal: true

# Where a constant is looked up, which depends on where the code stands and not on whose it is.
module CheckNesting
  LIST = ["list"]
  GOOD = "good"

  # In what is opened for the methods of the module itself.
  module Singleton
    class << self
      OWN = ["own"]

      def call(_env) = [200, {}, [OWN.first]]
    end
  end

  # From a module that is included there.
  module Included
    # What it has.
    module Holder
      HELD = ["held"]
    end

    class << self
      include Holder

      def call(_env) = [200, {}, [HELD.first]]
    end
  end

  # Of one object, which says nothing of the module around.
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

  # From a String, in what is around it here.
  module Evaluated
    NAMES = ["name"]
    # Has no constants of its own.
    module Inner; end
    module_eval "def Inner.call(_env) = [200, {}, [NAMES.first]]", __FILE__, __LINE__
  end

  # Who makes constants up.
  module Missing
    PARTS = ["part"]

    # Whoever is asked.
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

  # What asks for libraries, as gems do.
  module Asking
    def self.call(_env)
      text = defined?(::NoSuchLibrary) ? NoSuchLibrary.version : "none"
      text = NoSuchLibrary::Deep.version if defined?(NoSuchLibrary::Deep)
      text = CheckNesting::NoSuch.version if defined?(CheckNesting::NoSuch)
      [200, {}, [text]]
    end
  end

  # By the name of a class in the request.
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
