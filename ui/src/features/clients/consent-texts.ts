import type { ConsentPurpose } from "../../platform/backend";

/** Changes whenever any of the texts does; it is kept with every signature. */
export const CONSENT_TEXT_VERSION = "2026-1";

/**
 * What is read to the person before they sign. A legal text in the language of the clinic's documents, whatever the
 * language of the screen: its hash is part of the signature, so it must not change with a preference.
 */
export const CONSENT_TEXTS: Record<ConsentPurpose, string> = {
  care: "Fui informado(a) sobre o procedimento, seus benefícios, riscos, alternativas e cuidados posteriores, pude fazer perguntas e concordo em realizá-lo. Posso desistir a qualquer momento antes do início.",
  clinical_record:
    "Concordo que fotografias minhas sejam feitas e guardadas no meu prontuário, com acesso restrito à equipe que me atende, para acompanhar o resultado do tratamento.",
  publicity:
    "Concordo com a publicação das fotografias que eu aprovar, nos meios que me foram mostrados. Posso revogar a qualquer momento, e a clínica deixa de publicá-las a partir da revogação.",
  marketing:
    "Concordo em receber mensagens da clínica sobre cuidados, novidades e ofertas. Posso deixar de recebê-las quando quiser, sem prejuízo do meu atendimento.",
};
