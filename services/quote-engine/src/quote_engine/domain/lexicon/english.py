"""English: feelings, themes and the words that turn them round."""

from typing import Final

from contracts.events.quote import Emotion, Theme

EMOTIONS: Final[tuple[tuple[Emotion, float, str], ...]] = (
    (
        "sadness",
        1.2,
        """
        sad, sadder, saddest, sadness, sadly, unhappy, depress*, heartbr*, cry, crying, cried, cries,
        tear up, tears, in tears, sob*, weep*, wept, grief, griev*, mourn*, miserable, misery, miss him,
        miss her, miss them, miss you, misses, hurts, hurting inside, so hurt, feel hurt, hurt so,
        sorrow*, gloomy, blue lately, feeling blue, feel blue, feeling low, feel low, so low,
        down lately, really down, so down, feeling down, feel down, been down, down in the dumps,
        devastat*, gutted, breaks me, empty, emptiness, numb, hollow, broke my heart, broken inside,
        ache, aching, melanchol*, upset, feel bad, feel awful, feel terrible, feeling awful,
        feeling terrible, feel like crap, feel like shit, not okay, not ok, not alright
        """,
    ),
    (
        "sadness",
        0.9,
        """
        broke up with, broke up, break up, breakup, dumped me, dumped, divorce, divorced, passed away,
        passed on, died, funeral,
        lost my (dad|mom|mother|father|brother|sister|son|daughter),
        lost my (grandma|grandpa|grandmother|grandfather|husband|wife|friend|dog|cat),
        put .. down today, miscarr*, bad day, rough day, awful, terrible
        """,
    ),
    (
        "anxiety",
        1.2,
        """
        anxious, anxiety, nervous*, worr*, scared, scary, afraid, fear*, terrif*, panic*, freak out,
        freaking out, freaked out, on edge, stress*, uneasy, dreading, overthink*, over thinking, tense,
        restless, heart is racing, racing heart, heart pound*, petrified, frighten*, what if,
        can't breathe, cant breathe, can't concentrate, can't focus on anything, shaking, trembl*,
        uncertain, insecure about, jitter*, butterflies, on pins and needles, spiral*, losing sleep,
        lost sleep
        """,
    ),
    (
        "anxiety",
        0.5,
        """
        can't sleep, cant sleep, can't fall asleep, interview, surgery, biopsy, waiting on,
        waiting for .. results, don't know what to do, layoffs
        """,
    ),
    (
        "anger",
        1.3,
        """
        angry, anger, angri*, mad at, so mad, mad about, really mad, furious, fury, pissed*, livid,
        rage, raging, hate him, hate her, hate them, hate my (boss|job|manager), annoy*, irritat*,
        frustrated with, resent*, outrag*, fuming, boil*, unfair, betray*, fed up, infuriat*, disgust*,
        seething, sick of, how dare, screw them, screw him, wtf, bullshit, bs, makes me so mad,
        drives me crazy, driving me crazy, driving me nuts, lost my temper, snapped at, bitter, jerk,
        asshole, the nerve
        """,
    ),
    (
        "anger",
        0.7,
        """
        lied, lying to me, cheating, cheated, cheats, disrespect*, rude, ignored me, yelled at me,
        screamed at, stole, criticiz*, criticis*, backstab*
        """,
    ),
    (
        "exhaustion",
        1.3,
        """
        tired, tiring, exhaust*, burned out, burnt out, burnout, burn out, drained, draining, worn out,
        fatigue*, weary, overwork*, overwhelm*, need a break, need rest, need a rest, need to rest,
        wiped out, wiped, spent, knackered, beat up, shattered, depleted, no energy, zero energy,
        no strength, run down, too much for me, all too much, too much to handle, can't keep up,
        brain fog, out of steam, dead on my feet, barely functioning, at my limit, end of my rope,
        it's so hard, struggling, everything is hard, life is hard, hard lately, having a hard time
        """,
    ),
    (
        "exhaustion",
        0.8,
        """
        overtime, haven't slept, not slept, no sleep, sleepless, up all night, two jobs, three jobs,
        double shift, double shifts, nonstop, non-stop, no days off
        """,
    ),
    (
        "loneliness",
        1.4,
        """
        lonely, loneliness, lonesome, alone, isolated, isolating, isolation, left out, leave me out,
        excluded, no friends, no one to talk, nobody to talk, no one understands, nobody understands,
        nobody .. understands, no one .. understands, no one cares, nobody cares, don't know anyone,
        dont know anyone, don't have anyone, don't have any friends, have no one, have nobody,
        without me, invisible, outsider, don't belong, don't fit in, by myself all, all by myself,
        without talking to, don't know a soul, disconnected, forgotten, abandoned, no one calls,
        nobody calls, nobody texts, no one texts, ghosted, no one around, nobody around
        """,
    ),
    ("loneliness", 0.6, "by myself, moved to a new, homesick, single again, no family"),
    (
        "discouragement",
        1.3,
        """
        discourag*, hopeless*, give up, giving up, gave up, giving in, worthless, useless, failure,
        failed, failing, fail at, not good enough, not smart enough, never good enough,
        never be good enough, not enough, loser, can't do cant do stupid, so dumb, pathetic,
        disappoint*, ashamed, shame, embarrass*, regret*, so far ahead of me, what's the point,
        whats the point, no point, pointless, falling behind, behind everyone, left behind, compared to,
        compare myself, rejection*, rejected, turned down, hate myself, self doubt, self-doubt,
        doubt myself, impostor, imposter, no confidence, lost confidence, defeated, went under,
        bankrupt, no matter how hard, not getting any better, don't get any better,
        doesn't get any better, getting nowhere, going nowhere, stuck, mess up, messed up, screwed up,
        screw up, ruin*, demotivat*, unmotivated, no motivation, lost motivation, wasted another,
        wasted my, wasting my, inadequate, feel small, insecure, underachiev*, fraud
        """,
    ),
    (
        "discouragement",
        0.7,
        """
        procrastinat*, wasted, lazy, keep putting, put it off, never get anything done, bombed,
        frustrat*, lost hope, no hope, slipping, mistake, mistakes
        """,
    ),
    (
        "joy",
        1.3,
        """
        happy, happier, happiest, happiness, happily, joy*, excited, exciting, thrilled, glad, delight*,
        proud, grateful, thankful, gratitude, blessed, relief, relieved, wonderful, amazing, fantastic,
        awesome, over the moon, on cloud nine, stoked, ecstatic, pumped, yay, woohoo, hooray, content,
        at peace, peaceful, looking up, finally free, finally done, laughed, laughing, best day,
        best thing, got the job, all clear, said yes, engaged, got accepted, got in to, got into,
        passed my, passed the, got promoted, promotion, can't wait, cant wait, beautiful day, lucky,
        cheerful, celebrat*, made my day, cured, cancer free
        """,
    ),
    (
        "joy",
        0.9,
        """
        good, great, feel better, feeling better, getting better, much better, nice day, nice time,
        fine, okay, ok, alright, fun, love it, loved it, lovely, enjoy*, pretty well, hopeful, smil*,
        not bad, isn't bad, not too bad, optimistic, calm, well
        """,
    ),
)

THEMES: Final[tuple[tuple[Theme, float, str], ...]] = (
    (
        "work",
        1.0,
        """
        work, working, worked, job, jobs, boss, manager, coworker*, co-worker*, colleague*, office,
        career, interview*, layoff*, laid off, fired, promot*, overtime, shift, shifts, startup,
        company, business, client*, customer*, project, meeting*, deadline*, application*, resume,
        salary, unemployed, burned out, burnout, burnt out, monday, workload, quit my, supervisor,
        intern, internship, hiring
        """,
    ),
    (
        "study",
        1.3,
        """
        study, studying, studies, studied, exam, exams, final exam*, finals, midterm*, school, college,
        university, uni, class, classes, grade, grades, gpa, homework, assignment*, thesis,
        dissertation, professor, degree, bar exam, sat, essay, learning, learn, semester, tutor,
        lecture*, coursework, phd, group project, test scores, scholarship
        """,
    ),
    (
        "love",
        1.3,
        """
        boyfriend, girlfriend, bf, gf, my ex, ex, partner, crush, dating, date, broke up, break up,
        breakup, dumped, relationship, relationships, married, marriage, engaged, fiance*, cheating,
        cheated on, in love, love him, love her, love of my life, texted me back, text me back, ghosted,
        proposal, proposed, soulmate, getting married, wedding, single again, said yes
        """,
    ),
    (
        "family",
        1.2,
        """
        mom, mum, mother, dad, father, parents, parent, family, brother, sister, sibling*, son,
        daughter, kid, kids, baby, newborn, twins, toddler, grandma, grandmother, grandpa, grandfather,
        husband, wife, mother-in-law, in-laws, in laws, aunt, uncle, cousin, divorced, divorce,
        christmas, thanksgiving, motherhood, fatherhood, caregiv*
        """,
    ),
    (
        "friends",
        1.1,
        """
        friend, friends, friendship, know anyone here, bestie, roommate*, hung out, hang out,
        hanging out, group chat, no friends, left out, buddy, pals
        """,
    ),
    (
        "loss",
        1.8,
        """
        passed away, passed on, died, death, dying, funeral,
        lost my (dad|mom|mother|father|brother|sister|son|daughter),
        lost my (grandma|grandpa|grandmother|grandfather|husband|wife|friend|dog|cat),
        put .. down today, grief, griev*, mourning, miscarr*, widow*, late (husband|wife|father|mother),
        anniversary of
        """,
    ),
    (
        "health",
        1.3,
        """
        health, i'm sick, been sick, got sick, so sick, is sick, illness, disease, hospital, doctor,
        surgery, biopsy, cancer, diagnos*, chronic, pain, scan, treatment, chemo, therapy, injur*,
        migraine*, symptom*, medication, recovery, disability, test results
        """,
    ),
    (
        "money",
        1.3,
        """
        rent, money, broke and, i'm broke, im broke, so broke, debt*, loan*, bills, mortgage, paycheck,
        savings, afford, financ*, bankrupt, credit card, expenses, evict*
        """,
    ),
    (
        "future",
        1.1,
        """
        future, graduating, after graduation, what to do with my life, rest of my life, my path,
        where i'm headed, five years, next chapter, direction in life
        """,
    ),
    (
        "self",
        0.9,
        """
        myself, everyone my age, not good enough, loser, worthless, not enough, self esteem,
        self-esteem, confidence, compare*, who i am, my body, my looks, imposter, impostor, inadequate
        """,
    ),
    (
        "focus",
        1.6,
        """
        procrastinat*, focus, focused, distract*, scrolling, wasted .. day, my list, where to start,
        manage my time, time management, productiv*, to-do, to do list, get started, wasting time,
        putting off, put off, put it off, never finish*, habit*, routine, organized, organised,
        prioriti*, get anything done, lazy, schedule
        """,
    ),
)

NEGATION: Final = (
    r"(?:not|never|no|hardly|barely|without|nothing|neither|nor|cannot|cant|dont|didnt|isnt|wasnt|wont|aint|arent"
    r"|havent|hasnt|couldnt|doesnt|[a-z]+n't|far from|used to be|wish i (?:was|were|felt))"
)
"""Turns one of the next three words; an expression."""

NO_NEGATION: Final = (
    r"(?:(?:can't|cant|cannot|couldn't|couldnt|don't|dont|not) (?:stop|help|just|only|even|know|sure|wait)"
    r"|never (?:been|felt|feel) (?:so|this|more)|couldn't be|no (?:wonder|idea|doubt|reason)|not gonna lie"
    r"|nothing but)"
)
"""Looks like a negation and is none; an expression."""

STRONG: Final = (
    "so, soo, very, really, extremely, incredibly, absolutely, completely, totally, super, too, utterly"
)
WEAK: Final = "a bit, a little, kind of, kinda, sort of, slightly, somewhat, a tad"
TURN: Final = r"\b(?:but|however|though|yet|still|even so|although)\b"
"""What follows a turn weighs more than what came before it; an expression."""
