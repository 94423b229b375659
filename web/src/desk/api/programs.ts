import { graphql } from '../../api/graphql'

export const CLIENTS = graphql(`
  query DeskClients {
    apiClients { id role provider label state createdAt rotatedAt lastUsedAt previousSecretUntil revokedAt }
  }
`)

export const CREATE_CLIENT = graphql(`
  mutation DeskCreateClient($key: String!, $label: String!) {
    createApiClient(idempotencyKey: $key, label: $label) { issued { client { id } secret } refusals { code message } }
  }
`)

export const ROTATE_CLIENT = graphql(`
  mutation DeskRotateClient($key: String!, $id: ID!, $overlapHours: Int) {
    rotateApiClientSecret(idempotencyKey: $key, id: $id, overlapHours: $overlapHours) { issued { client { id } secret } refusals { code message } }
  }
`)

export const REVOKE_CLIENT = graphql(`
  mutation DeskRevokeClient($key: String!, $id: ID!) {
    revokeApiClient(idempotencyKey: $key, id: $id) { client { id state } refusals { code message } }
  }
`)

export const ENDPOINTS = graphql(`
  query DeskEndpoints {
    webhookEvents
    webhookEndpoints { id provider url description events state secretVersion previousSecretUntil failingSince createdAt }
  }
`)

export const DELIVERIES = graphql(`
  query DeskDeliveries($endpoint: ID!, $state: WebhookDeliveryState, $first: Int!, $before: ID) {
    webhookDeliveries(endpoint: $endpoint, state: $state, first: $first, before: $before) {
      id event body state nextAt occurredAt doneAt
      attempts { number at durationMs status failure answer }
    }
  }
`)

export const CREATE_ENDPOINT = graphql(`
  mutation DeskCreateEndpoint($key: String!, $input: WebhookEndpointInput!) {
    createWebhookEndpoint(idempotencyKey: $key, input: $input) { issued { endpoint { id url } secret } refusals { code message } }
  }
`)

export const UPDATE_ENDPOINT = graphql(`
  mutation DeskUpdateEndpoint($key: String!, $id: ID!, $change: WebhookEndpointChange!) {
    updateWebhookEndpoint(idempotencyKey: $key, id: $id, change: $change) { endpoint { id state } refusals { code message } }
  }
`)

export const ROTATE_ENDPOINT = graphql(`
  mutation DeskRotateEndpoint($key: String!, $id: ID!, $overlapHours: Int) {
    rotateWebhookSecret(idempotencyKey: $key, id: $id, overlapHours: $overlapHours) { issued { endpoint { id url } secret } refusals { code message } }
  }
`)

export const DELETE_ENDPOINT = graphql(`
  mutation DeskDeleteEndpoint($key: String!, $id: ID!) {
    deleteWebhookEndpoint(idempotencyKey: $key, id: $id) { endpoint { id } refusals { code message } }
  }
`)

export const TEST_ENDPOINT = graphql(`
  mutation DeskTestEndpoint($key: String!, $endpoint: ID!) {
    sendTestWebhook(idempotencyKey: $key, endpoint: $endpoint) { delivery { id } refusals { code message } }
  }
`)

export const REPLAY = graphql(`
  mutation DeskReplay($key: String!, $id: ID!) {
    replayWebhookDelivery(idempotencyKey: $key, id: $id) { delivery { id state } refusals { code message } }
  }
`)
