"""English: feelings, themes and the words that turn them round."""

from typing import Final

from contracts.events.quote import Emotion, Theme

CIRCUMSTANCES: Final[tuple[tuple[Emotion, float, str], ...]] = (
    (
        "sadness",
        1.0,
        """
        funeral, wake for, burial, buried my, buried our, scattered (his|her|their) ashes, ashes,
        hospice, cremat*, gravestone, grave, obituary, stillborn, stillbirth, miscarriage,
        lost the baby, lost our baby, since (he|she|mom|dad) (died|passed), gave .. ring back,
        gave the ring back, returned the ring, called off the wedding, called off our engagement,
        moved out last, packed (his|her) things, left me for, walked out on, wants a divorce,
        signed the divorce, custody, sold the house, said goodbye to, (his|her) side of the bed,
        (his|her) empty chair, blocked me, unfriended me, cut me off, stopped talking to me,
        won't speak to me, never (play|walk|run|dance|see|hear) .. again, put to sleep, vet said,
        rainbow bridge, doesn't recognize me, doesn't recognise me, doesn't know me anymore, terminal,
        weeks to live, months to live, last christmas with, first christmas without,
        first birthday without
        """,
    ),
    (
        "anxiety",
        1.0,
        """
        laying off, laid off next, layoff*, letting .. go, lay offs, job cuts, downsiz*, restructuring,
        redundan*, may lose my job, might lose my job, could lose my job, waiting for .. results,
        awaiting results, waiting to hear, waiting for the (call|doctor|verdict|results),
        results come back, biopsy results, test results, found a lump, stomach drops, stomach in knots,
        stomach churn*, knot in my (stomach|chest), heart rac*, heart is pounding,
        wake up at (three|four|five|two) .. morning, awake at night, lie awake, lying awake,
        toss and turn, (rent|bill|bills|mortgage|payment|loan) (is|are) due, overdue, eviction notice,
        past due, final notice, dollars in my account, account is overdrawn, overdraft, can't pay,
        cannot pay, can't afford, no idea what comes, no idea what's next, no idea what i'll do,
        don't know what comes, don't know what's next, what if, exam is in, exam is tomorrow,
        exams start, test tomorrow, finals are, interview tomorrow, first day at, moving to a new,
        haven't heard from (him|her|them), hasn't called, hasn't come home, hasn't texted,
        not answering (his|her|their) phone, deployed, wondering what i did, wonder what i did wrong,
        hours to text, left on read, court date, visa, deport*
        """,
    ),
    (
        "anger",
        1.1,
        """
        as his own, as her own, as their own, took credit, took the credit, takes credit,
        taking credit, stole my, stole from, emptied (my|our|mom's|mum's|dad's|grandma's),
        behind my back, seeing someone else, cheated on, having an affair, had an affair,
        slept with my, sleeping with my, lied to my face, lied about, broke (his|her|their) promise,
        told everyone, told everybody, spread rumors, spread rumours, spreading rumors, talked behind,
        my secret, made fun of me, mocked me, laughed at me, humiliat*, blamed me, blames me,
        got blamed, scapegoat, passed over, kept my deposit, kept .. deposit, refus* to pay,
        won't pay me, scammed, ripped off, overcharg*, hit my car, cut in line, cut me off in traffic,
        interrupt*, talked over me, talks over me, slammed, acts like nothing, acts like (he|she|they),
        doing me a favor, doing me a favour, threw away my, broke my things, read my diary,
        went through my phone, never apologi*, didn't even apologi*
        """,
    ),
    (
        "exhaustion",
        1.0,
        """
        double shift*, night shift*, back to back shifts, six days a week, seven days a week,
        day and night, around the clock, fell asleep (standing|at|on|in|during|while),
        falling asleep at, asleep on my feet, hours of sleep, hours a night, slept through the night,
        through a night, hasn't slept, haven't slept, barely sleep, barely slept, no time for myself,
        not a minute to myself, no one to take over, nobody to take over, look after my,
        looking after my, taking care of my, care for my (mother|father|mom|dad|parents), caregiver,
        uses up all, takes everything i have, takes all i have, nothing left to give,
        nothing left in me, running on empty, running on fumes, running on (two|three|four|five),
        on top of my job, on top of school, between classes, can't get out of bed, can barely get up,
        barely get out of bed, juggling, no weekend, no weekends, no vacation in,
        haven't had a day off, every weekend, working weekends, last one in the office, up since
        """,
    ),
    (
        "loneliness",
        1.1,
        """
        by myself, on my own every, eat alone, dinner alone, dinner by, lunch by, table for one,
        nobody asked me, no one asked me, no one thought of, nobody thought of, nobody invited,
        no one invited, wasn't invited, weren't invited, not invited, forgot my birthday,
        forgot about me, house is so quiet, house is quiet, house is empty, so quiet now, empty nest,
        moved away, moved out, new city, new town, new country, don't speak the language,
        single word to anyone, say a word to anyone, word out loud, haven't talked to anyone,
        haven't spoken to anyone, haven't really talked, hardly talk, barely talk, never talk,
        don't talk anymore, like roommates, strangers in, nobody to call, no one to call,
        nobody to share, no one to share, nobody to come home to, no one to come home to,
        nobody would notice, only my cat, only my dog, everyone else has, everyone has plans,
        talk to my plants, sit alone, sat alone, nobody sat with
        """,
    ),
    (
        "discouragement",
        1.1,
        """
        applications, not one interview, not a single interview, no interview*, no callbacks, no reply,
        no replies, no offers, rejection letter*, another rejection, another no, turned me down,
        passed over for, failed my, failed the, failed again,
        for the (second|third|fourth|fifth|sixth) time, flunk*, didn't pass, didn't get in,
        didn't make the, didn't get the, wasn't picked, wasn't chosen, sent back, cut from the team,
        benched, dropped out, not cut out for, cut out for this, not made for this, still nowhere,
        i'm nowhere, get nowhere, nothing to show for, everybody my age, everyone my age,
        people my age, my friends all have, all my friends have, still live with my parents,
        still living with my parents, never finish, never stick, can't stick, keep quitting,
        quit again, start over again, back to square one, closed down, had to close, shut down my,
        closed last, lost the business, lost my business, my business failed, out of business,
        only scrolled, just scrolled, scrolling on, another day wasted, did nothing all day,
        got nothing done, no progress, no improvement, sold nothing, not one sale, nobody bought,
        no one reads, nobody reads, gained it all back, relapsed
        """,
    ),
    (
        "joy",
        1.3,
        """
        first steps, first word*, i passed, we passed, finally passed, actually passed, i won, we won,
        first place, got the offer, offered me, got the job, got hired, got accepted,
        got a scholarship, got the scholarship, he said yes, she said yes, getting married,
        we're engaged, i'm engaged, i'm pregnant, we're pregnant, having a baby, baby was born,
        was born today, came back clear, scan was clear, clean scan, in remission, cancer free,
        all clear, paid off my, paid off our, debt free, bought our first, bought my first,
        got the keys, made the team, graduated, sold my first, first customer, came home today,
        finally home, surprised me with, threw me a party, reunited, best news, good news, made it!
        """,
    ),
)
"""What happens to people, and the feeling it brings where they name none."""

EMOTIONS: Final[tuple[tuple[Emotion, float, str], ...]] = (
    (
        "sadness",
        1.2,
        """
        sad, sadder, saddest, sadness, sadly, unhappy, depress*, heartbr*, cry, crying, cried, cries,
        tear up, tears, in tears, sob*, weep*, wept, grief, griev*, mourn*, miserable, misery,
        miss him, miss her, miss them, miss you, misses, hurts, hurting inside, so hurt, feel hurt,
        hurt so, sorrow*, gloomy, blue lately, feeling blue, feel blue, feeling low, feel low, so low,
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
        passed on, died, funeral, lost my (dad|mom|mother|father|brother|sister|son|daughter),
        lost my (grandma|grandpa|grandmother|grandfather|husband|wife|friend|dog|cat),
        put .. down today, miscarr*, bad day, rough day, awful, terrible
        """,
    ),
    (
        "anxiety",
        1.2,
        """
        anxious, anxiety, nervous*, worr*, scared, scary, afraid, fear*, terrif*, panic*, freak out,
        freaking out, freaked out, on edge, stress*, uneasy, dreading, overthink*, over thinking,
        tense, restless, heart is racing, racing heart, heart pound*, petrified, frighten*, what if,
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
        whats the point, no point, pointless, falling behind, behind everyone, left behind,
        compared to, compare myself, rejection*, rejected, turned down, hate myself, self doubt,
        self-doubt, doubt myself, impostor, imposter, no confidence, lost confidence, defeated,
        went under, bankrupt, no matter how hard, not getting any better, don't get any better,
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
        happy, happier, happiest, happiness, happily, joy*, excited, exciting, thrilled, glad,
        delight*, proud, grateful, thankful, gratitude, blessed, relief, relieved, wonderful, amazing,
        fantastic, awesome, over the moon, on cloud nine, stoked, ecstatic, pumped, yay, woohoo,
        hooray, content, at peace, peaceful, looking up, finally free, finally done, laughed, laughing,
        best day, best thing, got the job, all clear, said yes, engaged, got accepted, got in to,
        got into, passed my, passed the, got promoted, promotion, can't wait, cant wait, beautiful day,
        lucky, cheerful, celebrat*, made my day, cured, cancer free
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
        department, board, slides, layoffs, letting .. go, position, hired, restaurant, shop i,
        store i, double shift*, night shift*, paycheck, presentation, promotion, the offer, work,
        working, worked, job, jobs, boss, manager, coworker*, co-worker*, colleague*, office, career,
        interview*, layoff*, laid off, fired, promot*, overtime, shift, shifts, startup, company,
        business, client*, customer*, project, meeting*, deadline*, application*, resume, salary,
        unemployed, burned out, burnout, burnt out, monday, workload, quit my, supervisor, intern,
        internship, hiring
        """,
    ),
    (
        "study",
        1.3,
        """
        driving test, i passed, lab, dissertation, graduate school, campus, classmates, study,
        studying, studies, studied, exam, exams, final exam*, finals, midterm*, school, college,
        university, uni, class, classes, grade, grades, gpa, homework, assignment*, thesis, professor,
        degree, bar exam, sat, essay, learning, learn, semester, tutor, lecture*, coursework, phd,
        group project, test scores, scholarship
        """,
    ),
    (
        "love",
        1.3,
        """
        the ring, gave .. ring, my husband, my wife, wife and i, husband and i, seeing someone else,
        he said yes, she said yes, text back, texts me back, left on read, our wedding, the engagement,
        boyfriend, girlfriend, bf, gf, my ex, ex, partner, crush, dating, date, broke up, break up,
        breakup, dumped, relationship, relationships, married, marriage, engaged, fiance*, cheating,
        cheated on, in love, love him, love her, love of my life, texted me back, text me back,
        ghosted, proposal, proposed, soulmate, getting married, wedding, single again, said yes
        """,
    ),
    (
        "family",
        1.2,
        """
        mom's, grandma's, kids have, deployed, the twins, first steps, my parents, divorce, dementia,
        grew up in, mom, mum, mother, dad, father, parents, parent, family, brother, sister, sibling*,
        son, daughter, kid, kids, baby, newborn, twins, toddler, grandma, grandmother, grandpa,
        grandfather, husband, wife, mother-in-law, in-laws, in laws, aunt, uncle, cousin, divorced,
        christmas, thanksgiving, motherhood, fatherhood, caregiv*
        """,
    ),
    (
        "friends",
        1.1,
        """
        since kindergarten, childhood friend, my secret, a secret, invited, asking me, classmates,
        the party, blocked me, neighbors, neighbours, new city, dinner by myself, friend, friends,
        friendship, know anyone here, bestie, roommate*, hung out, hang out, hanging out, group chat,
        no friends, left out, buddy, pals
        """,
    ),
    (
        "loss",
        1.8,
        """
        burial, buried, ashes, hospice, grave, lost the baby, lost our baby, stillborn, put to sleep,
        her chair, his chair, without her, without him, vet, passed away, passed on, died, death,
        dying, funeral, lost my (dad|mom|mother|father|brother|sister|son|daughter),
        lost my (grandma|grandpa|grandmother|grandfather|husband|wife|friend|dog|cat),
        put .. down today, grief, griev*, mourning, miscarr*, widow*,
        late (husband|wife|father|mother), anniversary of
        """,
    ),
    (
        "health",
        1.3,
        """
        stroke, biopsy, lump, the scan, remission, wheelchair, migraine, body aches, insomnia,
        pregnant, asthma, diabetes, fever, the vaccine, health, i'm sick, been sick, got sick, so sick,
        is sick, illness, disease, hospital, doctor, surgery, cancer, diagnos*, chronic, pain, scan,
        treatment, chemo, therapy, injur*, migraine*, symptom*, medication, recovery, disability,
        test results
        """,
    ),
    (
        "money",
        1.3,
        """
        deposit, landlord, dollars in, my account, overdraft, savings, the bank, payment, scammed,
        rent, money, broke and, i'm broke, im broke, so broke, debt*, loan*, bills, mortgage, paycheck,
        afford, financ*, bankrupt, credit card, expenses, evict*
        """,
    ),
    (
        "future",
        1.1,
        """
        i graduate, after i graduate, what comes after, what comes next, ten years from now,
        after college, retire, future, graduating, after graduation, what to do with my life,
        rest of my life, my path, where i'm headed, five years, next chapter, direction in life
        """,
    ),
    (
        "self",
        0.9,
        """
        whatever i start, i never finish, everybody my age, i always quit, my life compared,
        people my age, myself, everyone my age, not good enough, loser, worthless, not enough,
        self esteem, self-esteem, confidence, compare*, who i am, my body, my looks, imposter,
        impostor, inadequate
        """,
    ),
    (
        "focus",
        1.6,
        """
        get more done, only scrolled, on my phone, two hours later, mornings, plan my day,
        to do everything, multitask*, deadline approaching, procrastinat*, focus, focused, distract*,
        scrolling, wasted .. day, my list, where to start, manage my time, time management, productiv*,
        to-do, to do list, get started, wasting time, putting off, put off, put it off, never finish*,
        habit*, routine, organized, organised, prioriti*, get anything done, lazy, schedule
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
