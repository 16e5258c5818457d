// The small world that the quickstart talks about: topics, what there is to say of them, and manners.

/// A field of everyday life: its questions, and the topics one can ask about.
struct QuickstartField: Sendable {
  /// Ways to ask; `@` stands for the topic.
  let questions: [String]
  /// What can be asked about.
  let topics: [QuickstartTopic]
}

/// Something that can be asked about.
struct QuickstartTopic: Sendable, Hashable {
  /// Its name, as questions and answers say it.
  let name: String
  /// Two ways to answer.
  let answers: [String]

  /// A topic with its two answers.
  init(_ name: String, _ first: String, _ second: String) { (self.name, answers) = (name, [first, second]) }
}

/// Everything that can be said.
enum QuickstartWords {
  /// What may stand in front of a question.
  static let openings = ["", "Hello! ", "Excuse me. ", "Good morning. ", "Hi there. ", "Please help me. "]
  /// What may stand behind a question.
  static let endings = ["", " Thanks in advance.", " I have little time.", " I am new to this."]
  /// How a helpful answer begins.
  static let courtesies = ["Of course!", "Gladly!", "Happy to help!", "Good question!", "With pleasure!"]
  /// How a helpful answer may end.
  static let closings = ["", " Enjoy!", " I hope that helps.", " Have a lovely day!", " Good luck!"]
  /// Answers that say next to nothing; `@` stands for the topic.
  static let curt = [
    "No idea.", "Look it up.", "Maybe. Who knows.", "Not now.", "@? No idea.", "Ask someone else.",
  ]
  /// Answers of bad manners, mild ones; `@` stands for the topic.
  static let rude = [
    "What a silly question.", "Stop asking me about @.", "That is your problem, not mine.",
    "Who cares about @?",
    "You should know that yourself.", "Go away with your @.",
  ]

  /// The fields of everyday life.
  static let fields = [cooking, town, repairs, garden, skills]

  private static let cooking = QuickstartField(
    questions: [
      "How do I cook @?", "What is the best way to make @?", "Can you tell me how to prepare @?",
      "I want to cook @ tonight.", "Any tips for making @?",
    ],
    topics: [
      .init(
        "rice", "Rinse the rice and simmer it with a lid.",
        "Simmer the rice gently, then let it rest with a lid."),
      .init(
        "soup", "Boil the soup slowly with fresh stock.", "Start the soup with stock and boil it slowly."),
      .init("pasta", "Boil the pasta in salted water.", "Use plenty of salted water and boil the pasta."),
      .init(
        "bread", "Knead the bread and bake it until golden.",
        "Bake the bread until golden after you knead it."),
      .init(
        "pancakes", "Whisk the batter and fry the pancakes in butter.",
        "Fry the pancakes in butter from a thin batter."),
      .init("lentils", "Stew the lentils with cumin.", "Add cumin and stew the lentils until soft."),
      .init("potatoes", "Roast the potatoes in a hot oven.", "A hot oven is best to roast the potatoes."),
      .init("eggs", "Scramble the eggs in a warm pan.", "Use a warm pan and scramble the eggs."),
      .init(
        "curry", "Toast the spices and add coconut milk to the curry.",
        "Coconut milk and spices make the curry rich."),
      .init(
        "salad", "Toss the salad with lemon and oil.", "A little lemon and oil is enough to toss the salad."),
      .init("cake", "Beat the sugar and eggs for a fluffy cake.", "For a fluffy cake, beat the sugar well."),
      .init(
        "beans", "Soak the beans overnight and cook them with garlic.",
        "Garlic suits beans that you soak overnight."),
    ])

  private static let town = QuickstartField(
    questions: [
      "Where is the @?", "How do I get to the @?", "Can you show me the way to the @?",
      "I am looking for the @.",
      "Is the @ far from here?",
    ],
    topics: [
      .init(
        "library", "The library is beside the old church.",
        "Walk to the old church; the library is beside it."),
      .init(
        "station", "The station is behind the town hall.", "Go past the town hall; the station is behind it."),
      .init(
        "bakery", "The bakery is on Mill Street, left of the bank.",
        "Find the bank on Mill Street; the bakery is left."),
      .init(
        "museum", "The museum stands across the river bridge.", "Cross the river bridge and see the museum."),
      .init(
        "market", "The market is in the square near the fountain.",
        "Follow the fountain square to the market."),
      .init(
        "harbour", "The harbour is down the hill, by the lighthouse.",
        "Walk down the hill to the lighthouse and harbour."),
      .init("park", "The park begins after the green gate.", "Go through the green gate into the park."),
      .init(
        "school", "The school is opposite the tennis court.", "See the tennis court; the school is opposite."),
      .init(
        "chemist", "The chemist is under the arcade, third door.",
        "Take the third door under the arcade for the chemist."),
      .init("cinema", "The cinema is above the coffee house.", "Look above the coffee house for the cinema."),
      .init("hotel", "The hotel is two stops away by tram.", "Take the tram two stops to the hotel."),
      .init("pool", "The pool is inside the sports hall.", "Enter the sports hall; the pool is inside."),
    ])

  private static let repairs = QuickstartField(
    questions: [
      "How can I fix my @?", "My @ is broken.", "Can you help me repair my @?",
      "What can I do about my old @?",
      "Do you know how to mend a @?",
    ],
    topics: [
      .init(
        "bicycle", "Oil the chain of the bicycle and pump the tyres.",
        "Pump the tyres, then oil the bicycle chain."),
      .init("lamp", "Unplug the lamp and change the bulb.", "Change the bulb after you unplug the lamp."),
      .init("chair", "Glue the leg of the chair and clamp it.", "Clamp the chair leg after you glue it."),
      .init("clock", "Replace the battery and set the clock.", "The clock may need a battery; replace it."),
      .init("kettle", "Descale the kettle with vinegar.", "Pour vinegar into the kettle to descale it."),
      .init("door", "Tighten the hinges of the door.", "Take a screwdriver and tighten the door hinges."),
      .init("window", "Seal the window frame with putty.", "Press putty around the window frame."),
      .init(
        "radio", "Clean the radio contacts and stretch the aerial.", "Stretch the aerial and clean the radio."
      ),
      .init(
        "umbrella", "Bend the umbrella ribs back and sew the cloth.",
        "Sew the cloth and bend the umbrella ribs."),
      .init(
        "jacket", "Rub some wax along the zip of the jacket.",
        "With some wax along it, the jacket zip runs again."),
      .init(
        "tap", "Close the valve and swap the washer of the tap.",
        "Swap the tap washer once you close the valve."),
      .init("shelf", "Level the shelf and drill new screws.", "Drill new screws and level the shelf."),
    ])

  private static let garden = QuickstartField(
    questions: [
      "How do I grow @?", "When should I plant @?", "What do @ need to grow well?",
      "I would like to grow @ at home.",
      "Can @ grow on a balcony?",
    ],
    topics: [
      .init("tomatoes", "Give tomatoes full sun and a stake.", "A stake and full sun make tomatoes happy."),
      .init("roses", "Prune the roses in March and feed them.", "Feed your roses and prune them in March."),
      .init("herbs", "Keep herbs on a bright sill and trim them.", "Trim herbs often on a bright sill."),
      .init("apples", "Plant apples in autumn and mulch the roots.", "Mulch the roots of apples in autumn."),
      .init("carrots", "Sow carrots in loose, sandy soil.", "Sandy soil that is loose suits carrots."),
      .init(
        "tulips", "Bury the tulips in October, a hand deep.", "A hand deep in October is right for tulips."),
      .init("onions", "Set the onions in rows and weed them.", "Weed the rows where your onions grow."),
      .init("peas", "Let the peas climb a net in spring.", "In spring, peas climb a net."),
      .init(
        "pumpkins", "Feed pumpkins with compost and much water.",
        "Compost and much water make large pumpkins."),
      .init(
        "lilies", "Plant lilies in shade with moist earth.", "Moist earth in the shade is good for lilies."),
      .init("berries", "Cover the berries with straw against birds.", "Straw keeps birds from the berries."),
      .init(
        "mushrooms", "Keep mushrooms dark, cool and damp.",
        "A cool, damp and dark box is right for mushrooms."),
    ])

  private static let skills = QuickstartField(
    questions: [
      "How can I learn @?", "What is a good way to start with @?", "Is @ hard to learn?",
      "I want to get better at @.", "Can you teach me @?",
    ],
    topics: [
      .init(
        "chess", "Study chess endings and solve puzzles daily.",
        "Solve puzzles daily and study chess endings."),
      .init("piano", "Practise piano scales with both hands.", "Both hands and slow scales help with piano."),
      .init(
        "French", "Read French comics and repeat the words aloud.",
        "Repeat words aloud and read French comics."),
      .init(
        "swimming", "Start swimming with a calm kick and slow breath.",
        "A calm kick and slow breath help your swimming."),
      .init(
        "drawing", "Sketch simple shapes; drawing grows from them.",
        "Shapes you sketch are the base of drawing."),
      .init(
        "dancing", "Count the beat and step; dancing follows music.",
        "Step to the beat and dancing will follow."),
      .init(
        "knitting", "Cast on ten stitches; knitting needs loose yarn.",
        "Loose yarn and ten stitches start your knitting."),
      .init(
        "guitar", "Learn three guitar chords and strum softly.",
        "Strum softly; three chords carry the guitar."),
      .init(
        "painting", "Mix few colours; painting loves a wide brush.",
        "A wide brush and few colours help painting."),
      .init("singing", "Warm your voice and hum before singing.", "Hum to warm the voice before singing."),
      .init(
        "juggling", "Throw one ball, then two, to learn juggling.",
        "Start juggling with one ball, then throw two."),
      .init(
        "sailing", "Watch the wind and tie knots before sailing.",
        "Before sailing, tie knots and watch the wind."),
    ])
}
